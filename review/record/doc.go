// Package record reads requests out of a ledger as a review looks at them. Which requests
// there are is told by the log, and what they say by signed statements: who writes to the
// ledger's database moves none to another time, and takes none away unnoticed.
package record
