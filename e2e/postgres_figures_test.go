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

var postgresFigures = flag.Int("postgres.figures", 3, "how many requests TestPostgresFigures measures")

// figures are what one request measured.
type figures struct {
	active, usable time.Duration // from the approval
	lastLogin      time.Duration // of a client that logs in ten times a second, after the end
	cut            time.Duration // of a session that is in use, after the end
}

// TestPostgresFigures measures access to the demo's database around its two ends. What
// it demands is what is promised, not how fast this machine is: no login after the end, no
// session that goes on.
func TestPostgresFigures(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--postgres", ports.ForTest(t)).ready()
	all := make([]figures, *postgresFigures)
	var running sync.WaitGroup
	slots := make(chan struct{}, 2)
	for i := range all {
		running.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			all[i] = in.measures()
		})
	}
	running.Wait()
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
	raw, err := alice.creds(ctx, r.ID)
	require.NoError(in, err)
	var c struct {
		Env map[string]string `json:"env"`
	}
	require.NoError(in, json.Unmarshal(raw, &c))
	live, err := logsIn(ctx, c.Env)
	require.NoError(in, err)
	f.usable = time.Since(approved)
	end, err := time.Parse(time.RFC3339, r.ExpiresAt)
	require.NoError(in, err)

	var both sync.WaitGroup
	both.Go(func() {
		for time.Since(end) < 5*time.Second { // a login that works after this is worse than any figure
			began := time.Now()
			conn, err := logsIn(ctx, c.Env)
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
