package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/tools/opponents"
)

// site is an installation as in production, which opponents attack: server and
// worker are processes of their own, with targets of three kinds.
type site struct {
	*installation
	vault   *vaulttest.Server
	aws     *awstest.Server
	engine  *process // Temporal, and what else is not Ramp's
	server  *process
	control *process // the worker that runs workflows
	worker  *process // the worker that holds the targets' credentials
	admin   opponents.Administrator
	ledger  string // its address
	people  map[string]*person
}

// siteOptions change how a site is set up.
type siteOptions struct {
	ledger    string // its address; SQLite in the installation's directory if empty
	scim      bool
	encrypted bool          // what Temporal keeps is, as it should be in production
	reconcile time.Duration // a second if zero
	onlySSH   bool          // no Vault and no AWS
	crowd     bool          // people may make as many calls and have as many requests open as they like
}

// newSite starts everything. What Temporal keeps is in clear unless it is said
// otherwise: that helps the opponents, and no promise rests on the encryption.
func newSite(t *testing.T, o siteOptions) *site {
	s := &site{installation: install(t), ledger: o.ledger, people: map[string]*person{}}
	if !o.onlySSH {
		s.vault, s.aws = vaulttest.Start(t), awstest.Start(t)
		s.env = s.aws.Environ()
		s.vault.Policy(t, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
		s.vault.Policy(t, "ramp", vaulttoken.Policy("orders-read"))
	}
	args := []string{"dev", "--without", "server,worker"}
	if o.scim {
		args = append(args, "--scim")
	}
	s.engine = s.start(nil, args...)
	s.configured()
	s.configure(o)
	s.control = s.start(nil, "worker", "--config", s.config())
	s.startWorker()
	s.server = s.start(nil, "server", "--config", s.config()).ready()
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin", "oscar"} {
		s.people[name] = s.as(name)
	}
	c, err := client.Dial(client.Options{HostPort: s.addr("temporal"), Logger: quiet{}})
	require.NoError(t, err)
	t.Cleanup(c.Close)
	s.admin = opponents.Administrator{Temporal: c, Namespace: "default"}
	for _, contract := range s.contracts() {
		s.eventually(2*time.Minute, contract+" can be asked for", func() bool {
			status, _, err := s.people["alice"].try("POST", "/api/v1/requests?dryRun=true", map[string]any{
				"contract": contract, "reason": "is everything there?"})
			return err == nil && status == http.StatusOK
		})
	}
	return s
}

// targetsConfig is the configuration of the worker that holds the targets' credentials.
func (s *site) targetsConfig() string { return filepath.Join(s.dir, "targets.yaml") }

func (s *site) startWorker(env ...string) {
	s.worker = s.start(env, "worker", "--config", s.targetsConfig())
}

// contracts are named as the kinds of their targets.
func (s *site) contracts() []string {
	if s.vault == nil {
		return []string{"ssh"}
	}
	return []string{"ssh", "vault", "aws"}
}

// person is somebody in this trial.
func (t *trial) person(name string) *person {
	p := *t.people[name]
	p.in = t.installation
	return &p
}

func (t *trial) T() *testing.T { return t.installation.T }

// asked is a request that nobody has decided.
func (t *trial) asked(contract, duration string, more ...map[string]any) request {
	body := map[string]any{"contract": contract, "duration": duration, "reason": "look at order " + strconv.FormatInt(time.Now().UnixNano(), 10)}
	for _, m := range more {
		for k, v := range m {
			body[k] = v
		}
	}
	var r request
	require.Equal(t.T(), http.StatusCreated, t.person("alice").call("POST", "/api/v1/requests", body, &r), "%+v", r)
	return r
}

// active is a request that was approved and is open.
func (t *trial) active(contract, duration string) request {
	r := t.asked(contract, duration)
	t.person("bob").approves(r)
	r = t.person("alice").awaits(r.ID, "active", time.Minute)
	require.True(t.T(), t.open(r), "what is active is open")
	return r
}

// act is one act of a person; it returns the status.
func (t *trial) act(who string, r request, what string, body map[string]any) int {
	if body == nil {
		body = map[string]any{}
	}
	return t.person(who).call("POST", "/api/v1/requests/"+r.ID+"/"+what, body, nil)
}

func (t *trial) denies(who string, r request) int {
	return t.act(who, r, "decision", map[string]any{"decision": "deny", "planDigest": r.Plan.Digest, "comment": "no"})
}

func (t *trial) revokes(r request) int {
	return t.act("oscar", r, "revoke", map[string]any{"reason": "an opponent is at work"})
}

// kind is that of the request's target.
func kind(r request) string { return r.Contract }

var datedUntil = regexp.MustCompile(`"aws:CurrentTime":"([^"]*)"`)

// until is the end that the target itself has for a request's access, asked past
// Ramp; false if the target has no such access.
func (t *trial) until(r request) (time.Time, bool) {
	name := grantOf(r.ID)
	switch kind(r) {
	case "ssh":
		if _, err := os.Stat(t.principals()); errors.Is(err, os.ErrNotExist) {
			return time.Time{}, false // nobody was let in yet
		}
		text, ok := t.admittedUntil()[name]
		if !ok {
			return time.Time{}, false
		}
		at, err := time.Parse("20060102150405Z", text)
		require.NoError(t.T(), err)
		return at, true
	case "vault":
		role, err := t.vault.Root.Logical().Read("auth/token/roles/" + name)
		require.NoError(t.T(), err)
		if role == nil {
			return time.Time{}, false
		}
		at, _, _ := strings.Cut(fmt.Sprint(role.Data["path_suffix"]), ".")
		seconds, err := strconv.ParseInt(at, 10, 64)
		require.NoError(t.T(), err)
		return time.Unix(seconds, 0), true
	default:
		var role *awstest.Role
		t.eventually(60*time.Second, "the role can be read", func() (ok bool) { // its policies may go while it is read
			var err error
			role, err = t.aws.Role(context.Background(), name)
			return err == nil
		})
		if role == nil || len(role.Identity) == 0 {
			return time.Time{}, false // without a policy it allows nothing: it is being taken away
		}
		var latest time.Time
		for _, document := range append(role.Identity, role.Trust) {
			for _, m := range datedUntil.FindAllSubmatch(document, -1) {
				at, err := time.Parse(time.RFC3339, string(m[1]))
				require.NoError(t.T(), err)
				if at.After(latest) {
					latest = at
				}
			}
		}
		if latest.IsZero() && strings.Contains(text(role.Identity), `"Effect":"Deny"`) {
			return latest, false // it is being taken away
		}
		require.False(t.T(), latest.IsZero(), "the role has a date: %s", role.Identity)
		return latest, true
	}
}

func (t *trial) open(r request) bool {
	_, ok := t.until(r)
	return ok
}

// endBound is how long after its end, or after somebody ordered its end, access may
// still be there: the longest bound of a target that is no cloud, and a busy machine.
const endBound = 45 * time.Second

// outlives returns an error if a request's access is still there when the bound is
// over.
func (t *trial) outlives(r request, what string) error {
	deadline := time.Now().Add(endBound)
	for t.open(r) {
		if time.Now().After(deadline) {
			return fmt.Errorf("access is open %s after %s", endBound, what)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return nil
}

// longer returns an error if access lasts longer on its target than it should.
func (t *trial) longer(r request, end time.Time) error {
	if at, ok := t.until(r); ok && at.After(end.Add(2*time.Second)) {
		return fmt.Errorf("access on %s ends at %s, and should at %s", kind(r), at.Format(time.TimeOnly), end.Format(time.TimeOnly))
	}
	return nil
}

// ends is when a request's access ends, as Ramp tells people.
func ends(r request) time.Time {
	at, _ := time.Parse(time.RFC3339, r.ExpiresAt)
	return at
}

// told reports whether the request's timeline has an event of a kind whose message
// has a text.
func (t *trial) told(r request, kind, text string) bool {
	var full struct {
		Timeline []struct{ Kind, Message string }
	}
	t.person("oscar").call("GET", "/api/v1/requests/"+r.ID, nil, &full)
	for _, e := range full.Timeline {
		if e.Kind == kind && strings.Contains(e.Message, text) {
			return true
		}
	}
	return false
}

// refusedAloud waits for the record of a refusal.
func (t *trial) refusedAloud(r request) error {
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if t.told(r, "act.refused", "") || t.told(r, "decision.refused", "") {
			return nil
		}
	}
	return errors.New("it was refused, and nothing tells of it")
}

// statements are what an opponent who reads Temporal knows of a request.
func (t *trial) statements(r request) opponents.Statements {
	s, err := t.admin.Statements(t.Context(), r.ID)
	require.NoError(t.T(), err)
	plan, err := opponents.SignedPlan(t.Context(), t.ledger, r.ID)
	require.NoError(t.T(), err)
	return append(opponents.Statements{plan}, s...)
}

// runs has a worker of a target run an activity about a plan: with the plan in the
// message, as requests have it that began before plans were named, and then with its
// name. The error is nil if either succeeds.
func (t *trial) runs(target, activity string, in doc, out any) error {
	carried := t.admin.RunOnTarget(t.Context(), target, activity, in, out)
	plan, unread := evidence.ReadPlan(in["plan"].(evidence.Envelope))
	require.NoError(t.T(), unread)
	named := maps.Clone(in)
	delete(named, "plan")
	delete(named, "decisions")
	named["of"] = api.PlanRef{RequestID: plan.RequestID, Digest: plan.Digest}
	if err := t.admin.RunOnTarget(t.Context(), target, activity, named, out); err != nil {
		return carried
	}
	return nil
}

// pack is what the offline verifier says of a request, in its last line.
func (t *trial) pack(r request) string {
	file := filepath.Join(t.T().TempDir(), "pack.json")
	keys := filepath.Join(t.dir, "keys")
	out, err := t.person("carol").ramp("evidence", "get", r.ID, "--into", file)
	if err != nil {
		return "NOT PROVEN: there is no pack: " + out
	}
	out, _ = t.person("carol").ramp("evidence", "verify", file, "--key", filepath.Join(keys, "server.pub"), "--worker-key", filepath.Join(keys, "worker.pub"))
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for _, l := range lines {
		if strings.Contains(l, "PROVEN") {
			return l
		}
	}
	return lines[len(lines)-1]
}

// shown is a request as a person sees it, all of it.
func (t *trial) shown(who string, r request) (out map[string]any) {
	t.person(who).call("GET", "/api/v1/requests/"+r.ID, nil, &out)
	return out
}

// text is JSON, for looking for words in it.
func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}
