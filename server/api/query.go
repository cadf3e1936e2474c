package api

import (
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
)

// flagParam reads a query parameter that is true or false; false if it is not
// there.
func flagParam(c echo.Context, name string) (bool, error) {
	s := c.QueryParam(name)
	if s == "" {
		return false, nil
	}
	v, err := strconv.ParseBool(s)
	if err != nil {
		return false, access.InvalidField("flag_malformed", name, "%s is true or false", name)
	}
	return v, nil
}

// timeParam reads a query parameter that is a time; the zero time if it is not
// there.
func timeParam(c echo.Context, name string) (time.Time, error) {
	s := c.QueryParam(name)
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, access.InvalidField("time_malformed", name, "write the time like 2026-01-31T14:00:00Z (RFC 3339)")
	}
	return t, nil
}

// limitParam reads how many items a page may have; 0 if that is not given.
func limitParam(c echo.Context, most int) (int, error) {
	s := c.QueryParam("limit")
	if s == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > most {
		return 0, access.InvalidField("limit_out_of_range", "limit", "a limit is between 1 and %d", most)
	}
	return n, nil
}

// statesParam reads states with commas between them.
func statesParam(c echo.Context) ([]access.State, error) {
	s := c.QueryParam("state")
	if s == "" {
		return nil, nil
	}
	var out []access.State
	for _, name := range strings.Split(s, ",") {
		state := access.State(name)
		if !state.Known() {
			return nil, access.InvalidField("unknown_state", "state", "there is no state %q; there are %s", access.Clip(name, 40), stateNames())
		}
		out = append(out, state)
	}
	return out, nil
}

func stateNames() string {
	var names []string
	for _, s := range access.States() {
		names = append(names, string(s))
	}
	return strings.Join(names, ", ")
}
