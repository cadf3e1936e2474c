package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// watch asks the targets themselves, past every wire and front, what is open.
type watch struct {
	w    *chaosInstallation
	mu   sync.Mutex
	seen map[string]*sighting // by grant
}

type sighting struct{ first, last time.Time }

// look lists every object of Ramp's on every target.
func (o *watch) look(ctx context.Context) ([]string, error) {
	names := map[string]bool{}
	for _, n := range slices.Concat(o.w.admitted(), o.w.fleet.admitted()) {
		names[n] = true
	}
	roles, err := o.w.vault.Root.Logical().ListWithContext(ctx, "auth/token/roles")
	if err != nil {
		return nil, fmt.Errorf("vault: %w", err)
	}
	if roles != nil {
		for _, k := range roles.Data["keys"].([]any) {
			if name := k.(string); strings.HasPrefix(name, "ramp-") {
				names[name[:min(len(name), len(grantOf("0123456789abcdef")))]] = true // tokens have roles of their own, below the grant's name
			}
		}
	}
	all, err := o.w.aws.IAM().ListRoles(ctx, &iam.ListRolesInput{PathPrefix: aws.String("/ramp/"), MaxItems: aws.Int32(1000)})
	if err != nil {
		return nil, fmt.Errorf("aws: %w", err)
	}
	for _, r := range all.Roles {
		names[aws.ToString(r.RoleName)] = true
	}
	logins, err := o.w.inDatabase(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	accounts, err := o.w.cluster.grants(ctx)
	if err != nil {
		return nil, fmt.Errorf("kubernetes: %w", err)
	}
	for _, name := range slices.Concat(logins, accounts) {
		names[name] = true
	}
	out := []string{}
	for n := range names {
		out = append(out, n)
	}
	slices.Sort(out)
	return out, nil
}

// follow looks again and again until ctx ends.
func (o *watch) follow(ctx context.Context) {
	for ctx.Err() == nil {
		now := time.Now()
		names, err := o.look(ctx)
		if err == nil {
			o.mu.Lock()
			for _, n := range names {
				if s := o.seen[n]; s != nil {
					s.last = now
				} else {
					o.seen[n] = &sighting{now, now}
				}
			}
			o.mu.Unlock()
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

// lastSeen is when a grant was last found on its target.
func (o *watch) lastSeen(grant string) (time.Time, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.seen[grant]
	if s == nil {
		return time.Time{}, false
	}
	return s.last, true
}

// finding is one broken promise.
type finding struct{ promise, what string }

// promises are what a run counts the breaches of; all must be none.
var promises = []string{"credential alive past its expiry", "open after everything was healed", "orphans", "double grants",
	"requests that never end", "incomplete timelines", "acts acknowledged and not recorded"}

// once are the steps that each request tells once, by its end.
var once = map[string][]string{
	"ended":     {"request.created", "request.approved", "access.ended"},
	"denied":    {"request.created", "decision.recorded", "request.denied"},
	"cancelled": {"request.created", "request.cancelled"},
	"lapsed":    {"request.created", "request.lapsed"},
	"failed":    {"request.created", "request.failed"},
}

// judgeTarget holds what is on the target against what must hold, whatever the
// record has lost.
func judgeTarget(m *made, state string, left []string) (out []finding) {
	if slices.Contains(left, grantOf(m.id)) {
		out = append(out, finding{"open after everything was healed", fmt.Sprintf("%s (%s, %s) is still on its target; the request is %s", m.id, m.contract, m.intent, state)})
	}
	if m.secret != nil && m.secret() {
		out = append(out, finding{"credential alive past its expiry", fmt.Sprintf("%s (%s, %s): the picked-up credential still opens the target", m.id, m.contract, m.intent)})
	}
	return out
}

// judge holds what became of each request against what must hold. Of a request that
// the rogue worker may have answered for it need not be so that what was said to be
// open was.
func judge(m *made, r request, left []string, liedTo bool) []finding {
	out := judgeTarget(m, r.State, left)
	bad := func(promise, format string, args ...any) {
		out = append(out, finding{promise, fmt.Sprintf("%s (%s, %s): ", m.id, m.contract, m.intent) + fmt.Sprintf(format, args...)})
	}
	told := map[string]int{}
	for _, e := range r.Timeline {
		told[e.Kind]++
	}
	kinds, final := once[r.State]
	if !final {
		bad("requests that never end", "is %s", r.State)
	}
	for _, k := range kinds {
		// A server signs a denial before it is stored. One that had no response, and that
		// no server can read yet, is signed a second time when it is repeated: both were made.
		most := 1
		if k == "decision.recorded" {
			most = max(1, m.decisions)
		}
		if told[k] < 1 || told[k] > most {
			bad("incomplete timelines", "%s is told %d times: %v", k, told[k], told)
		}
	}
	// What was refused before it was written down was never open: that is a
	// failure, and nothing else is.
	opened := 1
	if r.State != "ended" || r.Outcome == "failed" && told["grant.intended"] == 0 {
		opened = 0
	}
	if liedTo {
		opened = told["grant.intended"]
	}
	if told["grant.intended"] != opened || told["grant.closed"] != opened {
		bad("incomplete timelines", "intended %d times and closed %d times, not %d", told["grant.intended"], told["grant.closed"], opened)
	}
	if told["grant.opened"] > 1 || told["grant.intended"] > 1 {
		bad("double grants", "%v", told)
	}
	for kind, n := range m.said {
		if told[kind] < n {
			bad("acts acknowledged and not recorded", "%s: %d acknowledged, %d recorded", kind, n, told[kind])
		}
	}
	return out
}
