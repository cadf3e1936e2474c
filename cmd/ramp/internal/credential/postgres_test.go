package credential

import (
	"maps"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func forPostgres() access.Credential {
	return access.Credential{Kind: "postgres", Env: map[string]string{"PGHOST": "db.example.com", "PGPORT": "5432", "PGDATABASE": "orders",
		"PGUSER": "ramp-0123456789abcdef-a-0123456789abcdef", "PGPASSWORD": "ABCDEFGHIJKLMNOP2345", "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "{{dir}}/root.crt"},
		Files: map[string]string{"root.crt": "-----BEGIN CERTIFICATE-----\n"}}
}

// The service file has what the variables have; both find the files where they are.
func TestServiceFile(t *testing.T) {
	placed, files, err := Place(forPostgres(), "/run/user/1/ramp-1/access-2")
	require.NoError(t, err)
	require.Equal(t, "/run/user/1/ramp-1/access-2/pg_service.conf", placed.Env["PGSERVICEFILE"])
	require.Equal(t, "/run/user/1/ramp-1/access-2/root.crt", placed.Env["PGSSLROOTCERT"])
	require.Equal(t, "[ramp]\nhost=db.example.com\nport=5432\ndbname=orders\nuser=ramp-0123456789abcdef-a-0123456789abcdef\n"+
		"password=ABCDEFGHIJKLMNOP2345\nsslmode=verify-full\nsslrootcert=/run/user/1/ramp-1/access-2/root.crt\n", files["pg_service.conf"])
	environ := Environ(placed, []string{"PGSSLKEY=mine", "PGPASSFILE=mine.pgpass", "PAGER=less"}, nil)
	require.NotContains(t, environ, "PGSSLKEY=mine")
	require.Contains(t, environ, "PAGER=less")
}

// A login and a password as Vault's secrets engines for databases make them are taken.
func TestClientsTakeWhatVaultMakes(t *testing.T) {
	user, password := "v-token-ra-orders-r-ujznwybprHAsohT6ZLlI-1795730636", "A1a-xUF3yR9wq-tGdB0v"
	c := forPostgres()
	c.Env = maps.Clone(c.Env)
	c.Env["PGUSER"], c.Env["PGPASSWORD"] = user, password
	_, files, err := Place(c, "/run/x")
	require.NoError(t, err)
	require.Contains(t, files["pg_service.conf"], "user="+user+"\npassword="+password+"\n")
	c = forMySQL()
	c.Env = maps.Clone(c.Env)
	c.Env["MYSQL_USER"], c.Env["MYSQL_PASSWORD"] = user, password
	_, files, err = Place(c, "/run/x")
	require.NoError(t, err)
	require.Contains(t, files["my.cnf"], "user="+user+"\npassword="+password+"\n")
}

// Whoever hands out credentials puts no line of their own into the file.
func TestCase54ServiceFile(t *testing.T) {
	for what, change := range map[string]func(map[string]string){
		"a line":                 func(env map[string]string) { env["PGHOST"] = "db\nsslkey=engine:x" },
		"a line in the password": func(env map[string]string) { env["PGPASSWORD"] = "ABCDEFGHIJKLMNOPQR\nsslkey=x" },
		"a socket":               func(env map[string]string) { env["PGHOST"] = "/tmp/evil" },
		"options":                func(env map[string]string) { env["PGDATABASE"] = "host=evil" },
		"no encryption, perhaps": func(env map[string]string) { env["PGSSLMODE"] = "prefer" },
		"another's authorities":  func(env map[string]string) { env["PGSSLROOTCERT"] = "/tmp/evil" },
		"no user":                func(env map[string]string) { delete(env, "PGUSER") },
		"a service file":         func(env map[string]string) { env["PGSERVICEFILE"] = "/tmp/evil" },
		"a key":                  func(env map[string]string) { env["PGSSLKEY"] = "engine:x" },
	} {
		t.Run(what, func(t *testing.T) {
			c := forPostgres()
			c.Env = maps.Clone(c.Env)
			change(c.Env)
			_, _, err := Place(c, "/run/x")
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		})
	}
	_, _, err := Place(forPostgres(), "/run/a\nsslkey=x")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
