// Package postgres gives access to databases of one Postgres server.
//
// A grant is a role that cannot log in, named after the grant, which is a member of
// roles or has privileges on tables. Each pick-up is a login of its own, a member of
// that role alone, with a password of which Postgres gets the SCRAM verifier only.
// VALID UNTIL is the end of both, so Postgres itself refuses logins after it; it does
// not end sessions. Revoking does: see revoke.go for its steps.
//
// What Ramp's own login may do is setup.sql: functions that act with the rights of
// whoever installed them, for names of Ramp's only, and for the roles and tables that
// were listed when they were installed.
package postgres
