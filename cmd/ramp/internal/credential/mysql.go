package credential

import (
	"regexp"
	"strings"

	"ramp.dev/ramp/access"
)

// optionFile is the file that the clients of MySQL and MariaDB read; in a directory that
// MYSQL_HOME names, they find it by this name.
const optionFile = "my.cnf"

// optionFacts are what an option file is written from, by variable: the option, and what it
// may be. No value can begin a line of its own, in which plugin-dir, say, would load a
// library into the client.
var optionFacts = []struct {
	variable, option string
	form             *regexp.Regexp
}{
	{"MYSQL_HOST", "host", regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$`)},
	{"MYSQL_TCP_PORT", "port", regexp.MustCompile(`^[0-9]{1,5}$`)},
	{"MYSQL_USER", "user", regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,79}$`)},
	{"MYSQL_PASSWORD", "password", regexp.MustCompile(`^[A-Za-z0-9_-]{16,100}$`)},
}

// unreadable are characters that an option file gives a meaning of its own, or that a
// line of it cannot have.
var unreadable = regexp.MustCompile(`["\\\x00-\x1f]`)

// mysqlOptions writes an option file from the credential's variables. Where it brings the
// authorities of the server's certificate, clients demand a certificate of theirs.
func mysqlOptions(env map[string]string, dir string) (string, error) {
	// A host called localhost would be the socket of this machine's own server.
	lines := []string{"[client]", "protocol=tcp"}
	for _, f := range optionFacts {
		if !f.form.MatchString(env[f.variable]) {
			return "", access.Errorf(access.CodeEvidence, "the credential for MySQL has no usable %s; it was not used", f.variable)
		}
		lines = append(lines, f.option+"="+env[f.variable])
	}
	if unreadable.MatchString(dir) {
		return "", access.Errorf(access.CodeInvalid, "MySQL's clients cannot read an option file that names a directory with a quote, a backslash or a line break in its name")
	}
	switch authorities, has := env["MYSQL_SSL_CA"]; {
	case !has:
		// This group is read by MariaDB's clients alone, which demand a certificate from 11.4 on.
		lines = append(lines, "[client-mariadb]", "loose-skip-ssl-verify-server-cert")
	case authorities != "{{dir}}/ca.pem":
		return "", access.Errorf(access.CodeEvidence, "the credential for MySQL names authorities that it does not bring; it was not used")
	default:
		lines = append(lines, `ssl-ca="`+dir+`/ca.pem"`, "[client-mariadb]", "ssl-verify-server-cert")
	}
	if database, has := env["MYSQL_DATABASE"]; has && !unreadable.MatchString(database) {
		lines = append(lines, "[mysql]", `database="`+database+`"`) // and not for a dump, which takes it as an argument
	}
	return strings.Join(lines, "\n") + "\n", nil
}
