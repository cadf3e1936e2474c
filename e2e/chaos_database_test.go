package e2e

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/integrations/postgres/postgrestest"
)

// databaseTarget is the configuration of the database as a target: workers reach it over a
// wire, and people do not.
func (w *chaosInstallation) databaseTarget() map[string]any {
	c := w.database.Config()
	databases := map[string]any{}
	for name, d := range c.Databases {
		databases[name] = map[string]any{"tables": d.Tables}
	}
	return map[string]any{"kind": "postgres", "address": w.wires["database"].Address(), "clients": w.database.Addr(), "tls": c.TLS,
		"password": c.Password.String(), "home": c.Home, "databases": databases, "roles": c.Roles}
}

// opensDatabase reports whether a picked-up credential still opens the database itself.
func opensDatabase(env map[string]string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	conn, err := logsIn(ctx, env)
	if err != nil {
		return false
	}
	_ = conn.Close(ctx)
	return true
}

// inDatabase are the grants whose roles are in the database.
func (w *chaosInstallation) inDatabase(ctx context.Context) ([]string, error) {
	return w.database.Texts(ctx, "orders", `SELECT DISTINCT substr(rolname, 1, 23) FROM pg_roles WHERE rolname ~ '^ramp-[0-9a-z]{16}-[a-j]'`)
}

// databaseFaults are what happens to the database: it crashes and comes back, and somebody
// with all rights drops a grant's roles, or gives them more.
func (w *chaosInstallation) databaseFaults(kinds map[string]func() fault, short func() time.Duration, once func(kind, prefix string, harm func(id string) error)) {
	down := 0 // several faults may hold it down at once
	kinds["crash of the database"] = func() fault {
		return fault{lasts: short(), begin: func() bool {
			if down++; down == 1 {
				w.database.Kill()
			}
			return true
		}, end: func() {
			if down--; down > 0 {
				return
			}
			if err := w.database.Server.Start(context.Background()); err != nil {
				w.Errorf("the database does not come back: %v", err)
			}
		}}
	}
	hand := func(id, statement string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		names, err := w.database.Texts(ctx, "orders", "SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1) ORDER BY 1 DESC", grantOf(id))
		for _, name := range names {
			if err == nil {
				err = w.database.Try(ctx, "orders", strings.ReplaceAll(statement, "{role}", postgrestest.Quoted(name)))
			}
		}
		return err
	}
	once("removed by hand: postgres", "chaos-postgres", func(id string) error { return hand(id, "DROP OWNED BY {role}; DROP ROLE {role}") })
	once("widened by hand: postgres", "chaos-postgres", func(id string) error {
		return hand(id, "GRANT orders_write TO {role}; ALTER ROLE {role} CREATEROLE VALID UNTIL '2999-01-01'")
	})
}
