package gcpiam

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/gcpiam/gcptest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

const (
	project, folder, bucket = gcptest.Project, gcptest.Folder, gcptest.Bucket
	alice                   = "alice@example.com"
	targetName              = "gcp/test"
	viewer, reader          = "roles/logging.viewer", "roles/storage.objectViewer"
)

var (
	viewLogs = access.Entitlement{"resource": project, "role": viewer}
	readFile = access.Entitlement{"resource": bucket, "role": reader}
)

// world is a cloud, a ledger and a target's configuration.
type world struct {
	*gcptest.Cloud
	led    *ledger.Ledger
	config Config
	people atomic.Int64
}

func start(t *testing.T) *world {
	t.Helper()
	w := &world{Cloud: gcptest.Start(t)}
	var err error
	w.led, err = ledger.Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { w.led.Close() })
	w.config = Config{Credentials: field.SecretFile(w.KeyFile(t)), Endpoint: w.URL, Consistency: access.Duration(300 * time.Millisecond),
		Allow: []AllowConfig{{Resources: []string{project, folder}, Roles: []string{viewer, "roles/pubsub.viewer"}}, {Resources: []string{bucket}, Roles: []string{reader}}}}
	return w
}

// open opens a target, with a wrapper before the network or nil.
func (w *world) open(t *testing.T, between func(http.RoundTripper) http.RoundTripper) *target {
	t.Helper()
	one, err := w.config.open(between)
	require.NoError(t, err)
	one.step = time.Millisecond
	one.UseHolders(w.led.Holders(targetName))
	return one
}

// faulty opens a target whose n-th call meets a fault.
func (w *world) faulty(t *testing.T, fault targettest.Fault, n int) *target {
	wire := &targettest.Wire{Fault: fault, N: n, NotFoundYet: oldPolicy,
		Throttled: func() *http.Response {
			return targettest.Response(http.StatusTooManyRequests, http.Header{"Retry-After": {"1"}}, gcptest.ErrorBody(429, "RESOURCE_EXHAUSTED", "Quota exceeded."))
		}}
	return w.open(t, func(to http.RoundTripper) http.RoundTripper { wire.To = to; return wire })
}

// oldPolicy shows a policy as it was before Ramp wrote it, under its old etag.
func oldPolicy(r *http.Request, to http.RoundTripper) *http.Response {
	if _, verb := gcptest.ParsePath(r); verb != "get" {
		return nil
	}
	got, err := to.RoundTrip(r)
	if err != nil {
		return nil
	}
	defer got.Body.Close()
	var p map[string]any
	if body, _ := io.ReadAll(got.Body); json.NewDecoder(bytes.NewReader(body)).Decode(&p) != nil {
		return nil
	}
	bindings := []any{}
	for _, b := range p["bindings"].([]any) {
		if !strings.HasPrefix(gcptest.Title(b.(map[string]any)), access.NamePrefix) {
			bindings = append(bindings, b)
		}
	}
	p["bindings"], p["etag"] = bindings, "BwW0="
	return targettest.Response(http.StatusOK, nil, p)
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// person makes somebody who has nothing yet: two bindings of one person give the same role.
func (w *world) person(*testing.T) string {
	return fmt.Sprintf("person%d@example.com", w.people.Add(1))
}

// names returns the titles of Ramp's bindings.
func (w *world) names(context.Context) (out []string, err error) {
	w.Lock()
	defer w.Unlock()
	for _, p := range w.Policies {
		for _, b := range p.Bindings {
			if _, ok := access.RequestIDFromGrantName(gcptest.Title(b)); ok {
				out = append(out, gcptest.Title(b))
			}
		}
	}
	return out, nil
}

// use acts in the role of a grant, now.
func (w *world) use(_ context.Context, g access.Grant, _ access.Credential) error {
	ok, err := w.Allows(g.Entitlement["resource"].(string), g.Entitlement["role"].(string), "user:"+g.Principal, time.Now())
	if err == nil && !ok {
		err = fmt.Errorf("PERMISSION_DENIED: %w", targettest.ErrRefused)
	}
	return err
}

// widen changes each binding of a grant by hand.
func (w *world) widen(change func(b map[string]any)) func(context.Context, access.Grant) error {
	return func(_ context.Context, g access.Grant) error {
		w.ByHand(g.Entitlement["resource"].(string), func(p *gcptest.Stored) {
			for _, b := range p.Bindings {
				if gcptest.Title(b) == g.Name {
					change(b)
				}
			}
		})
		return nil
	}
}
