package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// coded returns an error with the code that Ramp goes by. What is not known here is
// unavailable: worth another try, and never taken for "nothing is there".
func (t *target) coded(err error) error {
	var has *access.Error
	if err == nil || errors.As(err, &has) {
		return err
	}
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return access.Errorf(access.CodeUnavailable, "Postgres at %s: %w", t.config.Address, err)
	}
	switch said.Code {
	case "RP001":
		return integrations.ErrRevoked
	case "RP002":
		return integrations.ErrNotOpen
	case "RP003":
		return integrations.ErrExpired
	case "42883", "3F000", "42P01": // no such function, schema, table
		return access.Errorf(access.CodeForbidden, "the database was not set up for this version of Ramp: run `ramp postgres-setup %s` again (%s)", t.name, said.Message)
	}
	return access.Errorf(codeOf(said.Code), "Postgres: %s (%s)", access.Clip(oneLine(said), 300), said.Code)
}

// codeOf returns what a code of Postgres' means (appendix A of its manual). Those that
// begin with RP are setup.sql's own.
func codeOf(state string) access.Code {
	switch {
	case state == "RP004", state == "42501", strings.HasPrefix(state, "28"): // not among what may be given; no rights; who Ramp is
		return access.CodeForbidden
	case state == "RP005", state == "2BP01": // picked up too often; something is left in a database that the target does not list
		return access.CodeConflict
	case state == "53300", state == "53400": // too many connections
		return access.CodeThrottled
	}
	return access.CodeUnavailable
}

// oneLine returns what the server said. DETAIL is added for what is left in other
// databases: it counts objects, and has no values.
func oneLine(e *pgconn.PgError) string {
	text := e.Message
	if e.Code == "2BP01" && e.Detail != "" {
		text += ": " + e.Detail
	}
	return strings.Join(strings.Fields(text), " ")
}
