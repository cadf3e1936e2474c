package e2e

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

var postgresFigures = flag.Int("postgres.figures", 0, "how many requests of ten seconds TestPostgresFigures measures; none is measured unless it is asked for")

// figures are what one request measured.
type figures struct {
	active, usable time.Duration // from the approval
	lastLogin      time.Duration // of a client that logs in ten times a second, after the end
	cut            time.Duration // of a session that is in use, after the end
}

// TestPostgresFigures demands what is promised at the end of access to the demo's database:
// no login afterwards, and no session that goes on. The end is a release, so that nothing
// depends on how fast this machine is. With -postgres.figures it measures requests of ten
// seconds instead, which have to expire, on a machine that has nothing else to do.
func TestPostgresFigures(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--postgres", ports.ForTest(t)).ready()
	if *postgresFigures == 0 {
		in.releases()
		return
	}
	all := make([]figures, *postgresFigures)
	for i := range all {
		all[i] = in.measures()
	}
	for _, f := range all {
		require.Less(t, f.lastLogin, time.Second, "a login after the end")
	}
	for what, of := range map[string]func(figures) time.Duration{
		"approved to active": func(f figures) time.Duration { return f.active }, "approved to the first row, ramp creds and login included": func(f figures) time.Duration { return f.usable },
		"last login that worked, from the end": func(f figures) time.Duration { return f.lastLogin }, "session cut, from the end": func(f figures) time.Duration { return f.cut },
	} {
		var list []time.Duration
		for _, f := range all {
			list = append(list, of(f).Round(time.Millisecond))
		}
		slices.Sort(list)
		n := len(list)
		t.Logf("%s (%d): min %s, p50 %s, p99 %s, max %s", what, n, list[0], list[n/2], list[min(n-1, n*99/100)], list[n-1])
	}
}

// releases is one request that is released while a session is in use.
func (in *installation) releases() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	r, env, live := in.inUse(ctx, "10m")
	out, err := in.as("alice").ramp("release", r.ID)
	require.NoError(in, err, "%s", out)
	in.as("alice").awaits(r.ID, "ended", time.Minute)
	var one int
	require.Error(in, live.QueryRow(ctx, "SELECT count(*) FROM sales.orders").Scan(&one), "a session outlived its access")
	_, err = logsIn(ctx, env)
	require.Error(in, err, "a login after the end")
	require.NoError(in, ctx.Err())
}

// inUse returns a request that was approved, the variables of its credential, and a session
// with them.
func (in *installation) inUse(ctx context.Context, duration string) (request, map[string]string, *pgx.Conn) {
	alice := in.as("alice")
	r := alice.asks("database-demo", duration)
	in.as("bob").approves(r)
	r = alice.awaits(r.ID, "active", time.Minute)
	env := in.credential(ctx, r.ID)
	live, err := logsIn(ctx, env)
	require.NoError(in, err)
	return r, env, live
}

// credential picks up the credential of alice's request.
func (in *installation) credential(ctx context.Context, id string) map[string]string {
	raw, err := in.as("alice").creds(ctx, id)
	require.NoError(in, err)
	var c struct{ Env map[string]string }
	require.NoError(in, json.Unmarshal(raw, &c))
	return c.Env
}

// measures is one request, from its approval until a while after its end.
func (in *installation) measures() (f figures) {
	alice := in.as("alice")
	r := alice.asks("database-demo", "10s")
	in.as("bob").approves(r)
	approved := time.Now()
	r = alice.awaits(r.ID, "active", time.Minute)
	f.active = time.Since(approved)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	env := in.credential(ctx, r.ID)
	live, err := logsIn(ctx, env)
	require.NoError(in, err)
	f.usable = time.Since(approved)
	end, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(in, err)

	var both sync.WaitGroup
	both.Go(func() {
		for time.Since(end) < 5*time.Second { // a login that works after this is worse than any figure
			began := time.Now()
			conn, err := logsIn(ctx, env)
			if err == nil {
				f.lastLogin = began.Sub(end)
				_ = conn.Close(ctx)
			}
			time.Sleep(100*time.Millisecond - time.Since(began))
		}
	})
	both.Go(func() {
		for {
			var one int
			if live.QueryRow(ctx, "SELECT count(*) FROM sales.orders").Scan(&one) != nil {
				f.cut = time.Since(end)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	both.Wait()
	require.NoError(in, ctx.Err(), "a session outlived its access")
	return f
}

// logsIn logs in with a picked-up credential and reads a table.
func logsIn(ctx context.Context, env map[string]string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%s dbname=%s user=%s password=%s sslmode=disable connect_timeout=10",
		env["PGHOST"], env["PGPORT"], env["PGDATABASE"], env["PGUSER"], env["PGPASSWORD"]))
	if err != nil {
		return nil, err
	}
	var n int // both databases that are tried have this table
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM sales.orders").Scan(&n); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}
