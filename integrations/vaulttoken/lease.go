package vaulttoken

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

const (
	leaseLookup = "sys/leases/lookup/"
	leaseRevoke = "sys/leases/revoke/"
	leaseRenew  = "sys/leases/renew/"
)

// leaseShape is what a lease's id is: the path, and a name below it. Ids go into paths of
// calls, so nothing else is believed.
var leaseShape = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$`)

// madeSecret is a secret as Vault returns it.
type madeSecret struct {
	LeaseID   string         `json:"lease_id"`
	Duration  int64          `json:"lease_duration"` // seconds
	Renewable bool           `json:"renewable"`
	Data      map[string]any `json:"data"`

	ends time.Time // when its lease ends, at the latest
}

// leaseBelow returns the id of the secret's lease; "" if it is not one of the path's.
func (m madeSecret) leaseBelow(path string) string {
	if !strings.HasPrefix(m.LeaseID, path+"/") || !leaseShape.MatchString(m.LeaseID) {
		return ""
	}
	return m.LeaseID
}

// readSecret has Vault make a secret, whose lease belongs to the token. ends is when the
// grant ends. The secret must not be handed out before its lease is written down. If it
// fails, the caller revokes the token, and so what was made. Errors are also of code
// conflict: what the path returns cannot be taken back in time.
func (t *target) readSecret(ctx context.Context, s Secret, token string, ends time.Time) (made madeSecret, err error) {
	as := &vault{Client: t.vault.As(ownToken(token))}
	asked := clock.Now()
	var found bool
	if len(s.Parameters) == 0 && s.TTLParameter == "" {
		found, err = as.Call(ctx, http.MethodGet, "/v1/"+s.Path, nil, &made)
	} else {
		in := map[string]any{}
		for name, value := range s.Parameters {
			in[name] = value
		}
		if s.TTLParameter != "" {
			in[s.TTLParameter] = max(1, wholeSeconds(ends))
		}
		found, err = as.Call(ctx, http.MethodPut, "/v1/"+s.Path, in, &made)
	}
	switch {
	case access.CodeOf(err) == access.CodeForbidden:
		return made, access.Errorf(access.CodeForbidden, "the policy %s does not let a token read %s: %w", s.Policy, s.Path, err)
	case err != nil:
		// An engine reports most failures of what it makes accounts in as 400 or 500.
		return made, retryable(err)
	case !found:
		return made, access.Errorf(access.CodeConflict, "there is nothing at %s", s.Path)
	case made.leaseBelow(s.Path) == "" || made.Duration <= 0:
		return made, access.Errorf(access.CodeConflict, "what %s returns has no lease of its own, so Vault could not take it back; it was not handed out", s.Path)
	}
	made.ends = asked.Add(time.Duration(made.Duration) * time.Second)
	if !made.Renewable {
		// Its engine may be unable to take it back, as with sessions of AWS, so its own end
		// has to be early enough.
		if made.Duration > wholeSeconds(ends)+1 {
			return made, access.Errorf(access.CodeConflict, "%s returns a secret of %d seconds that cannot be shortened, longer than its grant; set a shorter time to live, or ttlParameter", s.Path, made.Duration)
		}
		return made, nil
	}
	made.ends, err = t.renewLease(ctx, made.LeaseID, ends)
	return made, err
}

// wholeSeconds returns how many seconds it is until a time, rounded down.
func wholeSeconds(until time.Time) int64 { return int64(clock.Until(until) / time.Second) }

// renewLease moves a lease's end to a time, sooner or later than it was, and returns when
// it ends: earlier, where its engine allows no longer one. It is up to two seconds more than
// asked for, because engines round down; the end of its token takes the secret back in time.
func (t *target) renewLease(ctx context.Context, id string, to time.Time) (time.Time, error) {
	asked := clock.Now()
	var renewed struct {
		Duration int64 `json:"lease_duration"` // seconds
	}
	err := t.vault.write(ctx, leaseRenew+id, map[string]any{"increment": max(1, wholeSeconds(to)+2)}, &renewed)
	if err == nil && renewed.Duration <= 0 {
		err = t.vault.Unexpected(http.MethodPut, leaseRenew)
	}
	return asked.Add(time.Duration(renewed.Duration) * time.Second), err
}

// extendLease moves the end of a lease, if it has not ended.
func (t *target) extendLease(ctx context.Context, id string, to time.Time) error {
	_, err := t.renewLease(ctx, id, to)
	if code := access.CodeOf(err); code != access.CodeInvalid {
		return err
	}
	// Vault responds so for a lease that has ended, and for one that cannot be renewed.
	// Either way the person picks up again.
	return nil
}

// endLease takes a secret back and sees that it is gone. It is idempotent. Vault tells
// no reader of a lease that its engine failed; so it is asked to wait, and reports that.
// Errors are of code unavailable while Vault still has the lease.
func (t *target) endLease(ctx context.Context, id string) error {
	if err := t.vault.write(ctx, leaseRevoke+id, map[string]any{"sync": true}, nil); err != nil {
		return retryable(err)
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	cut := strings.LastIndexByte(id, '/')
	return integrations.AwaitGone(ctx, "secrets of the grant", 50*time.Millisecond, func() (int, error) {
		names, err := t.vault.list(ctx, leaseLookup+id[:cut])
		if err != nil || !slices.Contains(names, id[cut+1:]) {
			return 0, err
		}
		return 1, nil
	})
}
