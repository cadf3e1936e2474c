package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const endsWithTicket = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ends-with-ticket}
description: The demo host, for as long as the ticket is open.
request:
  who: '"engineering" in person.groups'
  ticket: {required: true, system: jira, open: true}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
endWhen: [{if: '!ticket.open', because: the ticket was closed, unknownFor: 1m}]
approval: {auto: 'true'}
`

// tickets writes the file of facts; without a text there is none.
func (in *installation) tickets(text string) {
	in.Helper()
	path := filepath.Join(in.dir, "facts.yaml")
	if text == "" {
		require.NoError(in, os.Remove(path))
		return
	}
	require.NoError(in, os.WriteFile(path+".new", []byte(text), 0o600))
	require.NoError(in, os.Rename(path+".new", path))
}

// withTickets runs engine, worker and server, which asks the file about tickets.
func (in *installation) withTickets(serverEnv []string) *process {
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) {
		c.section("server")["facts"] = doc{"jira": doc{"kind": "file", "file": filepath.Join(in.dir, "facts.yaml")}}
	})
	in.tickets("tickets: {OPS-7: {open: true}}\n")
	in.start(nil, "worker", "--config", in.config())
	server := in.start(serverEnv, "server", "--config", in.config()).ready()
	in.contract(in.as("alice"), "ends-with-ticket", endsWithTicket)
	return server
}

// opensFor has somebody open access for a ticket.
func (p *person) opensFor(ticket string) (r request) {
	p.in.Helper()
	p.in.eventually(60*time.Second, "the request is taken", func() bool {
		return p.call("POST", "/api/v1/requests", map[string]any{"contract": "ends-with-ticket", "ticket": ticket, "reason": "fix the stuck order of the night"}, &r) == http.StatusCreated
	})
	return p.awaits(r.ID, "active", 60*time.Second)
}

// provesEnd takes the evidence of a request that a condition has ended, and what the
// timeline and the offline verifier say of it.
func (p *person) provesEnd(r request, says string) {
	t := p.in.T
	require.Equal(t, "condition", r.Outcome)
	ordered := 0
	for _, e := range r.Timeline {
		if e.Kind == "end.ordered" {
			ordered++
			require.Equal(t, "contract", e.Actor)
		}
	}
	require.Equal(t, 1, ordered)
	out, err := p.ramp("show", r.ID)
	require.NoError(t, err, out)
	require.Contains(t, out, "as soon as the ticket was closed (!ticket.open)")
	require.Contains(t, out, "ended because "+says)
	pack := filepath.Join(t.TempDir(), "evidence.json")
	out, err = p.ramp("evidence", "get", r.ID, "--into", pack)
	require.NoError(t, err, out)
	keys := filepath.Join(p.in.dir, "keys")
	out, err = p.ramp("evidence", "verify", pack, "--key", filepath.Join(keys, "server.pub"), "--worker-key", filepath.Join(keys, "worker.pub"))
	require.NoError(t, err, out)
	require.Contains(t, out, "PROVEN")
	require.Contains(t, out, "ended by its contract at ")
	require.Empty(t, p.in.admitted(), "something is left on the host")
}

// TestCase100EndWhen: access ends when its ticket is closed, though the server dies between
// the ledger and the workflow; and when that could not be known for a minute, though the
// server dies meanwhile: the time goes on.
func TestCase100EndWhen(t *testing.T) {
	t.Parallel()
	t.Run("the ticket is closed and the server dies", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		f := in.failpoint("end.recorded")
		server := in.withTickets(f.dies())
		alice := in.as("alice")
		r := alice.opensFor("OPS-7")
		k := alice.picksUp(r.ID)
		require.True(t, k.works())
		in.tickets("tickets: {OPS-7: {open: false}}\n")
		f.died(server)
		in.start(nil, "server", "--config", in.config()).ready()
		alice.provesEnd(alice.awaits(r.ID, "ended", endingBound), "the ticket was closed")
		require.False(t, k.works())
	})
	t.Run("nobody knows and the server dies", func(t *testing.T) {
		t.Parallel()
		in := install(t)
		server := in.withTickets(nil)
		alice := in.as("alice")
		r := alice.opensFor("OPS-7")
		unknown := time.Now()
		in.tickets("")
		in.eventually(60*time.Second, "it is recorded that the ticket is not known", func() bool {
			for _, e := range alice.sees(r.ID).Timeline {
				if e.Kind == "condition.unknown" {
					return true
				}
			}
			return false
		})
		server.kill()
		in.start(nil, "server", "--config", in.config()).ready()
		r = alice.awaits(r.ID, "ended", 2*time.Minute)
		require.GreaterOrEqual(t, time.Since(unknown), time.Minute, "it is given the time")
		alice.provesEnd(r, "since ")
		unknowns := 0
		for _, e := range r.Timeline {
			if e.Kind == "condition.unknown" {
				unknowns++
			}
		}
		require.Equal(t, 1, unknowns, "the time did not begin anew")
	})
}
