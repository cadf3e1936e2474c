// Package ledger is Ramp's write-ahead record: every request, every grant that
// Ramp may have made, and every act, in SQL. SQLite by default, Postgres in
// production; both behave alike, and one test suite runs on both.
//
// Every writing method is one transaction and idempotent, since its callers
// retry. Errors are of codes not_found, conflict, invalid and unavailable.
package ledger
