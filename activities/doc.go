// Package activities is what workflows may do to the world: verify and record
// (Control), and open, extend, mint and close on targets (Targets). Each is
// thin and idempotent, and returns errors through the one table in package api.
package activities
