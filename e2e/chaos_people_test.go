package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"
)

// crowd is the people of a chaos run. They do what they mean to do until it is
// taken or refused, and remember what Ramp said it had done.
type crowd struct {
	w                  *chaosInstallation
	alice, bob, oscar  *person
	victims            *live
	mu                 sync.Mutex
	made               []*made
	tried, unavailable int
}

// made is one request, and what Ramp acknowledged of it.
type made struct {
	id, contract, intent string
	said                 map[string]int // event kind to how many were acknowledged
	decisions            int            // calls to decide, those without a response included
	secret               func() bool    // whether the picked-up credential still opens the target
	from, to             time.Time      // its life, as far as its people saw it
}

// intents are the ways a request goes, by how often.
var intents = []struct {
	name  string
	share int
}{{"expires", 52}, {"released", 12}, {"revoked", 8}, {"extended", 12}, {"denied", 5}, {"cancelled", 5}, {"lapses", 6}}

func drawIntent(r *rand.Rand) string {
	n := r.IntN(100)
	for _, i := range intents {
		if n -= i.share; n < 0 {
			return i.name
		}
	}
	return "expires"
}

// until repeats a call while Ramp or the way to it is down. It returns the last
// status, 0 if the time ran out.
func (c *crowd) until(ctx context.Context, p *person, method, path string, body, out any, key string) int {
	status, _ := c.tries(ctx, p, method, path, body, out, key)
	return status
}

// tries is until, and says how many calls there were.
func (c *crowd) tries(ctx context.Context, p *person, method, path string, body, out any, key string) (status, calls int) {
	for ctx.Err() == nil {
		status, raw, err := p.tryWith(method, path, body, key)
		calls++
		c.mu.Lock()
		c.tried++
		if err != nil || status >= 500 || status == http.StatusTooManyRequests {
			c.unavailable++
		}
		c.mu.Unlock()
		if err == nil && status < 500 && status != http.StatusTooManyRequests {
			if out != nil && status < 300 {
				_ = json.Unmarshal(raw, out)
			}
			return status, calls
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
	return 0, calls
}

// await polls until a request is in one of the states.
func (c *crowd) await(ctx context.Context, id string, states ...string) (request, bool) {
	for ctx.Err() == nil {
		var r request
		switch status := c.until(ctx, c.alice, "GET", "/api/v1/requests/"+id, nil, &r, ""); status {
		case http.StatusNotFound:
			return request{}, false // the ledger that is there now does not know it; judged later
		case http.StatusOK:
			for _, s := range states {
				if r.State == s {
					return r, true
				}
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(400 * time.Millisecond):
		}
	}
	return request{}, false
}

var over = []string{"ended", "denied", "cancelled", "lapsed", "failed"}

// live does one request from its question to its intent. It gives up at ctx's
// end; what Ramp acknowledged stands.
func (c *crowd) lives(ctx context.Context, n int, contract, intent string, seconds int) {
	m := &made{contract: contract, intent: intent, said: map[string]int{}}
	asked := time.Now()
	var r request
	status := c.until(ctx, c.alice, "POST", "/api/v1/requests", map[string]any{"contract": contract,
		"duration": fmt.Sprintf("%ds", seconds), "reason": fmt.Sprintf("chaos request number %d of this run", n)}, &r, fmt.Sprintf("chaos-%d", n))
	if status != http.StatusCreated && status != http.StatusOK {
		return
	}
	m.id, m.from = r.ID, asked
	defer func() { m.to = time.Now() }()
	c.heard(m, "request.created")
	c.mu.Lock()
	c.made = append(c.made, m)
	c.mu.Unlock()
	act := func(p *person, what string, body map[string]any) bool {
		return c.until(ctx, p, "POST", "/api/v1/requests/"+m.id+"/"+what, body, nil, "") == http.StatusOK
	}
	decide := func(verdict string) bool {
		status, calls := c.tries(ctx, c.bob, "POST", "/api/v1/requests/"+m.id+"/decision", map[string]any{"decision": verdict, "planDigest": r.Plan.Digest, "comment": "chaos"}, nil, "")
		m.decisions = calls
		ok := status == http.StatusOK
		if ok {
			c.heard(m, "decision.recorded")
		}
		return ok
	}
	switch intent {
	case "lapses":
		return
	case "cancelled":
		act(c.alice, "cancel", map[string]any{})
		return
	case "denied":
		decide("deny")
		return
	}
	if !decide("approve") {
		return
	}
	at, ok := c.await(ctx, m.id, append([]string{"active", "ending"}, over...)...)
	if !ok || at.State != "active" {
		return
	}
	c.victims.add(m.id, contract)
	defer c.victims.drop(m.id)
	if contract != "chaos-aws" {
		c.pickUp(ctx, m)
	}
	switch intent {
	case "released":
		act(c.alice, "release", map[string]any{})
	case "revoked":
		act(c.oscar, "revoke", map[string]any{"reason": "chaos"})
	case "extended":
		if act(c.alice, "extend", map[string]any{"for": "10s"}) {
			c.heard(m, "access.extended")
		}
	}
	c.await(ctx, m.id, append([]string{"ending"}, over...)...)
}

func (c *crowd) heard(m *made, kind string) {
	c.mu.Lock()
	m.said[kind]++
	c.mu.Unlock()
}

// pickUp takes a credential with the command-line client, and keeps a way to
// try it on the target itself.
func (c *crowd) pickUp(ctx context.Context, m *made) {
	raw, err := c.alice.creds(ctx, m.id)
	if err != nil {
		return // a fault was in the way; the attempt may be recorded all the same
	}
	c.heard(m, "credential.minted")
	var cred struct {
		Env   map[string]string `json:"env"`
		Files map[string]string `json:"files"`
	}
	if json.Unmarshal(raw, &cred) != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.contract {
	case "chaos-vault":
		token := cred.Env["VAULT_TOKEN"]
		m.secret = func() bool {
			r, _ := http.NewRequest("GET", c.w.vault.Address+"/v1/auth/token/lookup-self", nil)
			r.Header.Set("X-Vault-Token", token)
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				return false
			}
			res.Body.Close()
			return res.StatusCode == http.StatusOK
		}
	case "chaos-postgres":
		m.secret = func() bool { return opensDatabase(cred.Env) }
	case "chaos-kubernetes":
		m.secret = func() bool { return c.w.cluster.reads(context.Background(), cred.Env["KUBE_TOKEN"]) == nil }
	case "chaos-ssh", "chaos-fleet":
		k := key{in: c.w.installation, dir: c.w.dir + "/creds-" + m.id}
		if k.write(cred.Files) != nil {
			return
		}
		m.secret = k.works
		if m.contract == "chaos-fleet" {
			m.secret = func() bool { return c.w.opensHost(k) }
		}
	}
}

// schedule is one request to come.
type scheduled struct {
	after            time.Duration
	contract, intent string
	seconds          int
}

func drawRequests(r *rand.Rand, n int, within time.Duration) []scheduled {
	contracts := strings.Fields("chaos-ssh chaos-ssh chaos-ssh chaos-ssh chaos-ssh chaos-vault chaos-vault chaos-vault chaos-aws chaos-aws chaos-postgres chaos-postgres chaos-postgres chaos-kubernetes chaos-kubernetes chaos-kubernetes chaos-fleet chaos-fleet chaos-fleet chaos-fleet")
	out := make([]scheduled, n)
	for i := range out {
		out[i] = scheduled{time.Duration(r.Int64N(int64(within))), contracts[r.IntN(len(contracts))], drawIntent(r), 6 + r.IntN(25)}
		if i < len(intents) { // each at least once
			out[i].intent = intents[i].name
		}
		if out[i].intent == "extended" && out[i].contract == "chaos-aws" {
			out[i].contract = "chaos-ssh"
		}
	}
	return out
}
