package credential

import (
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// serviceFile is the name of the file that PGSERVICEFILE names.
const serviceFile = "pg_service.conf"

// serviceFacts are what a service file is written from, by variable: the name that the
// file has for it, and what it may be. No value can begin a line of its own, in which
// sslkey, say, would load a library into the client. Logins and passwords have capitals,
// dashes and underscores too: Vault makes such ones.
var serviceFacts = []struct {
	variable, option string
	form             *regexp.Regexp
}{
	{"PGHOST", "host", regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$`)},
	{"PGPORT", "port", regexp.MustCompile(`^[0-9]{1,5}$`)},
	{"PGDATABASE", "dbname", regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)},
	{"PGUSER", "user", regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,62}$`)},
	{"PGPASSWORD", "password", regexp.MustCompile(`^[A-Za-z0-9_-]{16,100}$`)},
	{"PGSSLMODE", "sslmode", regexp.MustCompile(`^(verify-full|disable)$`)},
}

// pgService writes a service file of its own from the credential's variables, with one
// service, ramp. Programs that read no PG variables are told of it by name.
func pgService(env map[string]string, dir string) (string, error) {
	lines := []string{"[ramp]"}
	for _, f := range serviceFacts {
		if !f.form.MatchString(env[f.variable]) {
			return "", access.Errorf(access.CodeEvidence, "the credential for Postgres has no usable %s; it was not used", f.variable)
		}
		lines = append(lines, f.option+"="+env[f.variable])
	}
	if strings.ContainsFunc(dir, func(r rune) bool { return slices.Contains([]rune{'\n', '\r'}, r) }) {
		return "", access.Errorf(access.CodeInvalid, "Postgres' clients cannot read a service file that names a directory with a line break in its name")
	}
	if root, has := env["PGSSLROOTCERT"]; has {
		if root != "{{dir}}/root.crt" {
			return "", access.Errorf(access.CodeEvidence, "the credential for Postgres names authorities that it does not bring; it was not used")
		}
		lines = append(lines, "sslrootcert="+dir+"/root.crt")
	}
	return strings.Join(lines, "\n") + "\n", nil
}
