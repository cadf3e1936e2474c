package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// severalContract gives two grants on the demo host: the second is a command alone.
const severalContract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: ssh-several, owner: approvers}
description: Log in to the demo host, and run one command there.
request:
  who: '"engineering" in person.groups'
  reason: {minLength: 10}
duration: {default: 1m, max: 10m}
grants:
  - target: ssh/demo
    entitlement: {user: demo}
  - target: ssh/demo
    entitlement: {user: demo, command: uptime}
approval:
  stages:
    - {name: peer, from: [approvers]}
`

// severalRequest is what tests read of a request with several grants.
type severalRequest struct {
	State, Outcome, ExpiresAt string
	Plan                      struct{ Grants []struct{ Name string } }
	Grants                    []struct{ Grant, Condition, Reason string }
	Timeline                  []struct {
		Kind, At string
		Detail   map[string]string
	}
}

func (p *person) several(id string) (r severalRequest) {
	p.in.Helper()
	status, raw, err := p.try("GET", "/api/v1/requests/"+id, nil)
	require.NoError(p.in, err)
	require.Equal(p.in, http.StatusOK, status)
	require.NoError(p.in, json.Unmarshal(raw, &r))
	return r
}

func (r severalRequest) conditions() (all []string) {
	for _, g := range r.Grants {
		all = append(all, g.Condition)
	}
	return all
}

// at returns when the first event of a kind came about a grant, and how many there are.
func (in *installation) at(r severalRequest, kind, grant string) (first time.Time, n int) {
	in.Helper()
	for _, e := range r.Timeline {
		if e.Kind != kind || e.Detail["grant"] != grant {
			continue
		}
		if n++; n == 1 {
			var err error
			first, err = time.Parse(time.RFC3339, e.At)
			require.NoError(in, err)
		}
	}
	return first, n
}

// TestCase148WorkerKilledBetweenGrants: the worker is killed between the openings of two
// grants, and between their closings. Access is all or none, ends in reverse, and nothing
// is left; each step is recorded once.
func TestCase148WorkerKilledBetweenGrants(t *testing.T) {
	t.Parallel()
	for _, m := range []struct{ name, point, pass, lasts string }{
		{"the first is on the target, and nobody knows", "open.granted", "0", "60s"},
		{"the second is recorded, and not on the target", "open.intended", "1", "60s"},
		{"the second is on the target, and nobody knows", "open.granted", "1", "60s"},
		{"one is revoked, and not read back", "close.revoked", "0", "30s"},
		{"the other is revoked, and not read back", "close.revoked", "1", "30s"},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			in := install(t)
			f := in.failpoint(m.point)
			_, worker := in.apart(nil, append(f.dies(), "RAMP_FAILPOINT_PASS="+m.pass))
			alice, bob := in.as("alice"), in.as("bob")
			in.contract(alice, "ssh-several", severalContract)
			asked := alice.asks("ssh-several", m.lasts)
			require.Len(t, asked.Plan.Grants, 2)
			first, second := asked.Plan.Grants[0].Name, asked.Plan.Grants[1].Name
			require.Equal(t, []string{"waiting", "waiting"}, alice.several(asked.ID).conditions())
			bob.approving(asked)
			f.died(worker)
			left := in.admitted()
			switch m.point + m.pass {
			case "open.granted0", "open.intended1":
				require.Equal(t, []string{first}, left)
			case "open.granted1":
				require.ElementsMatch(t, []string{first, second}, left)
			case "close.revoked1":
				require.Empty(t, left)
			}
			in.start(nil, "worker", "--config", in.config())
			alice.awaits(asked.ID, "ended", 2*time.Minute+endingBound)
			r := alice.several(asked.ID)
			require.Equal(t, "expired", r.Outcome)
			require.Empty(t, in.admitted(), "something is left on the host")
			require.Equal(t, []string{"closed", "closed"}, r.conditions())
			for _, name := range []string{first, second} {
				for _, kind := range []string{"grant.intended", "grant.opened", "grant.closed"} {
					_, n := in.at(r, kind, name)
					require.Equal(t, 1, n, "%s of %s", kind, name)
				}
			}
			opened, _ := in.at(r, "grant.opened", first)
			intended, _ := in.at(r, "grant.intended", second)
			require.False(t, intended.Before(opened), "the second was begun before the first was open")
			// The order holds up an end for five seconds.
			expires, err := time.Parse(time.RFC3339, r.ExpiresAt)
			require.NoError(t, err)
			one, _ := in.at(r, "grant.closed", first)
			two, _ := in.at(r, "grant.closed", second)
			require.False(t, one.Before(two) && one.Before(expires.Add(5*time.Second)), "the first was closed at %s, before the second (%s)", one, two)
		})
	}
}

// TestCase148NoneOfSeveral: somebody ends the request while its second grant is being opened.
// The first is closed, nothing is left, and each grant says what became of it.
func TestCase148NoneOfSeveral(t *testing.T) {
	t.Parallel()
	in := install(t)
	f := in.failpoint("open.intended")
	in.apart(nil, append(f.waits(), "RAMP_FAILPOINT_PASS=1"))
	alice, bob := in.as("alice"), in.as("bob")
	in.contract(alice, "ssh-several", severalContract)
	asked := alice.asks("ssh-several", "5m")
	bob.approving(asked)
	f.reached()
	require.Equal(t, []string{"open", "opening"}, alice.several(asked.ID).conditions())
	// Somebody ends it while the second is being opened.
	status, raw, err := alice.try("POST", "/api/v1/requests/"+asked.ID+"/release", map[string]any{"reason": "not needed"})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status, "%s", raw)
	f.goOn()
	alice.awaits(asked.ID, "ended", 2*time.Minute+endingBound)
	require.Empty(t, in.admitted())
	r := alice.several(asked.ID)
	require.Equal(t, "closed", r.conditions()[0])
	require.True(t, slices.Contains([]string{"closed", "unopened"}, r.conditions()[1]), r.conditions()[1])
	_, err = os.Stat(f.once)
	require.NoError(t, err)
}
