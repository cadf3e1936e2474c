package identitycenter

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/internal/clock"
)

// Removing an assignment leaves the sessions that people have: their role is there as
// long as somebody has the permission set in the account. So the deny policy, a service
// control policy, denies one person everything that they do in sessions of this
// permission set and account which were issued before the assignment was gone.
//
// AWS has no way to change a policy only if nobody else has changed it meanwhile. So
// the ledger has what is denied, and the policy is made from it, as a whole, by whoever
// adds something. Who writes reads both again until they agree: a worker that writes
// what was true a moment ago writes once more.

// denial says that sessions of one assignment are denied everything.
type denial struct {
	of assignment
	at time.Time // for those that were issued before; in whole seconds of UTC
}

const (
	denied = "denied " // begins the names of denials among what grants hold
	// denier begins the names under which the ledger has a grant's denials: a grant
	// releases what it holds itself when it ends, and these last longer.
	denier = "denials of "
)

// object returns the denial's name in the ledger.
func (d denial) object() string {
	return denied + strings.TrimPrefix(d.of.object(), assigned) + " " + strconv.FormatInt(d.at.Unix(), 10)
}

// parseDenial returns the denial of a name that object made.
func parseDenial(object string) (denial, error) {
	rest, isDenial := strings.CutPrefix(object, denied)
	cut := strings.LastIndexByte(rest, ' ')
	if !isDenial || cut < 0 {
		return denial{}, access.Errorf(access.CodeInternal, "the ledger has %q among the denials of Identity Center", access.Clip(object, 120))
	}
	of, err := parse(assigned + rest[:cut])
	if err != nil {
		return denial{}, err
	}
	seconds, err := strconv.ParseInt(rest[cut+1:], 10, 64)
	if err != nil {
		return denial{}, access.Errorf(access.CodeInternal, "the ledger has a denial of Identity Center with the time %q", access.Clip(rest[cut+1:], 40))
	}
	return denial{of, time.Unix(seconds, 0).UTC()}, nil
}

// over reports whether no session that is denied can live any more.
func (c Config) over(d denial) bool { return clock.Now().After(d.at.Add(c.Session.Std())) }

// denialsOf returns what is denied for one grant, or for all if name is empty.
func (t *target) denialsOf(ctx context.Context, name string) (out []denial, ended map[string][]string, err error) {
	held, err := t.Holders.Held(ctx, denied)
	ended = map[string][]string{}
	for _, object := range slices.Sorted(maps.Keys(held)) {
		if name != "" && !slices.Contains(held[object], denier+name) {
			continue
		}
		d, err := parseDenial(object)
		if err != nil {
			return nil, nil, err
		}
		if t.config.over(d) {
			ended[object] = held[object]
			continue
		}
		out = append(out, d)
	}
	return out, ended, err
}

// endSessions denies what is left of an assignment that was seen to be gone at the
// time at. Again, it denies no more than before, unless the assignment had come back.
func (t *target) endSessions(ctx context.Context, grant string, a assignment, removed bool, at time.Time) error {
	known, _, err := t.denialsOf(ctx, grant)
	if err != nil {
		return err
	}
	if removed || len(known) == 0 {
		// AWS compares whole seconds, and a session may be issued in this one.
		d := denial{a, at.UTC().Truncate(time.Second).Add(time.Second)}
		if err := t.Holders.Hold(ctx, d.object(), denier+grant); err != nil {
			return err
		}
	}
	return t.writeDenials(ctx)
}

// writeDenials makes the policy say what the ledger says.
func (t *target) writeDenials(ctx context.Context) error {
	t.denying.Lock()
	defer t.denying.Unlock()
	for range maxRounds {
		denials, ended, err := t.denialsOf(ctx, "")
		if err != nil {
			return err
		}
		has, err := t.denyPolicy(ctx)
		if err != nil {
			return err
		}
		want, err := t.document(ctx, denials)
		if err != nil {
			return err
		}
		if awsapi.SamePolicy(has, want) {
			return t.forget(ctx, ended)
		}
		_, err = t.org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &t.config.DenyPolicy, Content: &want})
		// Somebody else may change a policy at this moment. It is read again in any case.
		if err != nil && !awsapi.Is(err, "ConcurrentModificationException") && !awsapi.Is(err, "PolicyChangesInProgressException") {
			return awsapi.Mapped(err)
		}
		if err := t.pause(ctx); err != nil {
			return err
		}
	}
	return access.Errorf(access.CodeUnavailable, "somebody else changes the deny policy %s all the time: it is Ramp's alone", t.config.DenyPolicy)
}

// maxRounds is how often the deny policy is written, and found to be another, at once.
const maxRounds = 12

// forget releases denials that deny nothing any more.
func (t *target) forget(ctx context.Context, ended map[string][]string) error {
	for object, by := range ended {
		for _, one := range by {
			if _, err := t.Holders.Release(ctx, object, one); err != nil {
				return err
			}
			if err := t.Holders.Removed(ctx, object, one); err != nil {
				return err
			}
		}
	}
	return nil
}

// denyPolicy returns the policy as it is.
func (t *target) denyPolicy(ctx context.Context) (string, error) {
	out, err := t.org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &t.config.DenyPolicy})
	if awsapi.Missing(err) {
		return "", access.Errorf(access.CodeForbidden, "the deny policy %s is not there: %w", t.config.DenyPolicy, err)
	}
	if err != nil {
		return "", awsapi.Mapped(err)
	}
	if out.Policy == nil {
		return "", access.Errorf(access.CodeUnavailable, "AWS does not say what the deny policy %s is", t.config.DenyPolicy)
	}
	return aws.ToString(out.Policy.Content), nil
}

// undenied counts the denials of a grant that the policy does not have.
func (t *target) undenied(ctx context.Context, grant string) (n int, err error) {
	if t.config.DenyPolicy == "" {
		return 0, nil
	}
	denials, _, err := t.denialsOf(ctx, grant)
	if err != nil || len(denials) == 0 {
		return 0, err
	}
	has, err := t.denyPolicy(ctx)
	if err != nil {
		return 0, err
	}
	for _, d := range denials {
		pattern, err := t.rolePattern(ctx, d.of)
		if err != nil {
			return 0, err
		}
		if !covers(has, d, pattern) {
			n++
		}
	}
	return n, nil
}
