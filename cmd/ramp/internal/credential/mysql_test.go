package credential

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func forMySQL() access.Credential {
	return access.Credential{Kind: "mysql", Env: map[string]string{"MYSQL_HOST": "db.example.com", "MYSQL_TCP_PORT": "3306", "MYSQL_DATABASE": "sales",
		"MYSQL_USER": "ramp-0123456789abcdef-a-0123abcd", "MYSQL_PASSWORD": "ABCDEFGHIJKLMNOP2345", "MYSQL_SSL_CA": "{{dir}}/ca.pem"},
		Arguments: map[string][]string{"mysql": {"--defaults-file={{dir}}/my.cnf"}}, Files: map[string]string{"ca.pem": "-----BEGIN CERTIFICATE-----\n"}}
}

// The option file has what the variables have; the client is told to read it alone.
func TestOptionFile(t *testing.T) {
	placed, files, err := Place(forMySQL(), "/run/user/1/ramp-1/access-2")
	require.NoError(t, err)
	require.Equal(t, "/run/user/1/ramp-1/access-2", placed.Env["MYSQL_HOME"])
	require.Equal(t, "[client]\nprotocol=tcp\nhost=db.example.com\nport=3306\nuser=ramp-0123456789abcdef-a-0123abcd\npassword=ABCDEFGHIJKLMNOP2345\n"+
		"ssl-ca=\"/run/user/1/ramp-1/access-2/ca.pem\"\n[client-mariadb]\nssl-verify-server-cert\n[mysql]\ndatabase=\"sales\"\n", files["my.cnf"])
	require.Equal(t, []string{"/usr/bin/mysql", "--defaults-file=/run/user/1/ramp-1/access-2/my.cnf", "-e", "SELECT 1"}, Argv([]string{"/usr/bin/mysql", "-e", "SELECT 1"}, placed))
	environ := Environ(placed, []string{"MYSQL_PWD=mine", "MARIADB_HOME=/mine", "PAGER=less"}, nil)
	require.NotContains(t, environ, "MYSQL_PWD=mine")
	require.NotContains(t, environ, "MARIADB_HOME=/mine")
	require.Contains(t, environ, "PAGER=less")
}

// Whoever hands out credentials puts no line of their own into the file.
func TestCase54OptionFile(t *testing.T) {
	for what, change := range map[string]func(map[string]string){
		"a line":                 func(env map[string]string) { env["MYSQL_HOST"] = "db\nplugin-dir=/tmp/evil" },
		"a line in the password": func(env map[string]string) { env["MYSQL_PASSWORD"] = "ABCDEFGHIJKLMNOPQR\ninit-command=x" },
		"a socket":               func(env map[string]string) { env["MYSQL_HOST"] = "/tmp/evil" },
		"another's authorities":  func(env map[string]string) { env["MYSQL_SSL_CA"] = "/tmp/evil" },
		"no user":                func(env map[string]string) { delete(env, "MYSQL_USER") },
		"a directory":            func(env map[string]string) { env["MYSQL_HOME"] = "/tmp/evil" },
		"a password for all":     func(env map[string]string) { env["MYSQL_PWD"] = "x" },
	} {
		t.Run(what, func(t *testing.T) {
			c := forMySQL()
			c.Env = maps.Clone(c.Env)
			change(c.Env)
			_, _, err := Place(c, "/run/x")
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		})
	}
	c := forMySQL()
	c.Env = maps.Clone(c.Env)
	c.Env["MYSQL_DATABASE"] = "sales\"\nplugin-dir=/tmp/evil"
	_, files, err := Place(c, "/run/x")
	require.NoError(t, err)
	require.NotContains(t, files["my.cnf"], "plugin-dir", "a session then begins in no database")
	_, _, err = Place(forMySQL(), "/run/a\nplugin-dir=x")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
