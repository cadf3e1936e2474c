package gcpiam

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/gcpiam/gcptest"
	"ramp.dev/ramp/integrations/targettest"
)

func TestConformance(t *testing.T) {
	for what, e := range map[string][2]access.Entitlement{"project": {viewLogs, readFile}, "bucket": {readFile, viewLogs}} {
		t.Run(what, func(t *testing.T) {
			w := start(t)
			targettest.Run(t, w.harness(e[0], e[1]))
		})
	}
}

func (w *world) harness(e, other access.Entitlement) targettest.Harness {
	later := func(b map[string]any, expression string) {
		when := maps.Clone(b["condition"].(map[string]any))
		when["expression"] = expression
		b["condition"] = when
	}
	return targettest.Harness{
		Open:   func(t *testing.T) integrations.Target { return w.open(t, nil) },
		Target: targetName, Principal: alice, Person: w.person, Entitlement: e, Other: other,
		Invalid: map[string]access.Entitlement{
			"no resource":      {"role": viewer},
			"no role":          {"resource": project},
			"another resource": {"resource": "projects/payroll", "role": viewer},
			"another role":     {"resource": project, "role": "roles/owner"},
			"another's role":   {"resource": project, "role": reader},
			"a list":           {"resource": []any{project}, "role": viewer},
			"a path":           {"resource": project + ":setIamPolicy", "role": viewer},
		},
		ListNames: w.names,
		Remove: func(_ context.Context, name string) error {
			for resource := range w.Policies {
				w.ByHand(resource, func(p *gcptest.Stored) {
					p.Bindings = slices.DeleteFunc(p.Bindings, func(b map[string]any) bool { return gcptest.Title(b) == name })
				})
			}
			return nil
		},
		Foreign: w.foreign,
		Use:     w.use,
		Widen: map[string]func(context.Context, access.Grant) error{
			"another role":      w.widen(func(b map[string]any) { b["role"] = "roles/pubsub.admin" }),
			"another member":    w.widen(func(b map[string]any) { b["members"] = append(b["members"].([]any), "user:mallory@example.com") }),
			"a later end":       w.widen(func(b map[string]any) { later(b, `request.time < timestamp("2099-01-01T00:00:00Z")`) }),
			"no end":            w.widen(func(b map[string]any) { later(b, `true`) }),
			"another condition": w.widen(func(b map[string]any) { later(b, `request.time < timestamp("2026-01-01T00:00:00Z") || true`) }),
			"a second binding": func(_ context.Context, g access.Grant) error {
				w.ByHand(g.Entitlement["resource"].(string), func(p *gcptest.Stored) {
					p.Bindings = append(p.Bindings, map[string]any{"role": "roles/editor.custom", "members": []any{"user:" + alice},
						"condition": map[string]any{"title": g.Name, "expression": "true"}})
				})
				return nil
			},
		},
		Faulty: func(t *testing.T, fault targettest.Fault, n int) integrations.Target { return w.faulty(t, fault, n) },
		Lacks: targettest.Lacks{
			Sessions: "Google judges each call by the policy, so nothing that was begun lives on",
			Mint:     "people sign in to Google themselves",
		},
	}
}

// foreign makes bindings that look like Ramp's, and what others have.
func (w *world) foreign(t *testing.T) func(context.Context) error {
	theirs := []map[string]any{
		{"role": viewer, "members": []any{"user:" + alice, "group:ops@example.com"}, "condition": map[string]any{"title": "ramp-up", "expression": `request.time < timestamp("2099-01-01T00:00:00Z")`}},
		{"role": reader, "members": []any{"user:" + alice}, "condition": map[string]any{"title": access.NamePrefix + "ABCDEFGHJKMNPQRS-a", "description": "<&>", "location": "here", "expression": "resource.name != '<'"}},
		{"role": "roles/pubsub.viewer", "members": []any{"user:" + alice}},
	}
	before := map[string][]string{}
	for _, resource := range []string{project, bucket} {
		w.ByHand(resource, func(p *gcptest.Stored) { p.Bindings = append(p.Bindings, theirs...) })
		before[resource] = w.texts(t, resource)
	}
	t.Cleanup(func() {
		for resource := range before {
			w.ByHand(resource, func(p *gcptest.Stored) { p.Bindings = p.Bindings[:1] })
		}
	})
	return func(context.Context) error {
		for resource, was := range before {
			if now := w.texts(t, resource); !slices.Equal(was, now) {
				return fmt.Errorf("%s was changed: %s", resource, now)
			}
		}
		return nil
	}
}

// texts returns the bindings of a policy as they are, and what else is in it.
func (w *world) texts(t *testing.T, resource string) (out []string) {
	w.Lock()
	defer w.Unlock()
	p := w.Policies[resource]
	for _, one := range append([]any{p.Audit}, anys(p.Bindings)...) {
		text, err := json.Marshal(one)
		require.NoError(t, err)
		out = append(out, string(text))
	}
	return out
}

func anys(bindings []map[string]any) (out []any) {
	for _, b := range bindings {
		out = append(out, b)
	}
	return out
}
