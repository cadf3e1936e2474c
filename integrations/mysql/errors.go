package mysql

import (
	"errors"
	"slices"
	"strings"

	driver "github.com/go-sql-driver/mysql"

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
	var said *driver.MySQLError
	if !errors.As(err, &said) {
		return access.Errorf(access.CodeUnavailable, "MariaDB at %s: %w", t.config.Address, err)
	}
	switch string(said.SQLState[:]) {
	case "RP001":
		return integrations.ErrRevoked
	case "RP002":
		return integrations.ErrNotOpen
	case "RP003":
		return integrations.ErrExpired
	case "RP007":
		return integrations.ErrChanged("its role in MariaDB")
	}
	// no such database, procedure or table; no right to run a procedure, which a server
	// says as well of one that is not there
	if slices.Contains([]uint16{1049, 1146, 1305, 1370}, said.Number) {
		return access.Errorf(access.CodeForbidden, "the server was not set up for this version of Ramp: run `ramp mysql-setup %s` again (%s)", t.name, oneLine(said))
	}
	if said.Number == 1045 { // an account without a name comes first for its host, and takes Ramp's login
		return access.Errorf(codeOf(said), "MariaDB: %s (%d): the password is not that of Ramp's account, or the server has an account without a name for this host", oneLine(said), said.Number)
	}
	return access.Errorf(codeOf(said), "MariaDB: %s (%d)", oneLine(said), said.Number)
}

// codeOf returns what an error of the server's means, by its number in MariaDB's manual
// ("MariaDB Error Codes"). States that begin with RP are setup.sql's own.
func codeOf(e *driver.MySQLError) access.Code {
	state := string(e.SQLState[:])
	switch {
	case state == "RP004": // not among what may be given
		return access.CodeForbidden
	case state == "RP005": // picked up too often
		return access.CodeConflict
	case slices.Contains([]uint16{1044, 1045, 1142, 1143, 1227, 1698, 4151}, e.Number): // no rights, who Ramp is, a locked account
		return access.CodeForbidden
	case slices.Contains([]uint16{1040, 1203, 1226}, e.Number): // too many connections, of all or of one account
		return access.CodeThrottled
	}
	return access.CodeUnavailable
}

// oneLine returns what the server said.
func oneLine(e *driver.MySQLError) string {
	return access.Clip(strings.Join(strings.Fields(e.Message), " "), 300)
}
