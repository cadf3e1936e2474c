package github

import (
	"context"
	"net/http"
	"testing"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	t.Run("Team", func(t *testing.T) { targettest.Run(t, start(t).harness(t, member, maintainer, "maintainer")) })
	t.Run("Repository", func(t *testing.T) { targettest.Run(t, start(t).harness(t, writer, reader, "admin")) })
}

func TestCase150Sharing(t *testing.T) {
	for what, e := range map[string]access.Entitlement{"Team": member, "Repository": writer} {
		t.Run(what, func(t *testing.T) {
			f := start(t)
			who := f.person(t)
			targettest.Sharing(t, targettest.SharingHarness{
				Open:     func(t *testing.T) integrations.Target { return f.open(t, nil) },
				NewGrant: func() access.Grant { return grantFor(who, e) },
				Exists:   func(context.Context) (bool, error) { return f.RoleIn(f.group(e), f.number(who)) != "", nil },
				ByHand: func(_ context.Context, there bool) error {
					role := ""
					if there {
						role = map[string]string{"Team": "member", "Repository": "write"}[what]
					}
					f.byHand(e, who, role)
					return nil
				},
				Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target {
					return f.open(t, faulty(fault, n))
				},
				Slow: func(t *testing.T, reached chan<- struct{}, goOn <-chan struct{}) integrations.Target {
					return f.open(t, func(to http.RoundTripper) http.RoundTripper {
						return targettest.SlowWire{To: to, Reached: reached, GoOn: goOn}
					})
				},
			})
		})
	}
}
