// Package mysql gives access to one MariaDB server, by the protocol of MySQL.
//
// A grant is a role named after the grant, to which listed roles, or privileges on listed
// tables and databases, are granted. Each pick-up is an account of its own with that role
// alone, by a verifier that the worker makes of a random password.
//
// MariaDB knows no moment at which an account ends. So the end is in a table of Ramp's on
// the server, and an event of the server's own scheduler ends what is past it every
// second: it locks the accounts, drops the role and kills the sessions, whether Ramp runs
// or not.
//
// What Ramp's own account may do is setup.sql: procedures that act with the rights of an
// account that nobody can log in as, for names of Ramp's only, and for the roles and
// tables that were listed when they were installed.
package mysql
