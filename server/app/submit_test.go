package app

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestNothingLeadsPastTheUseCases: pages and API hold an App, and can reach
// neither the ledger nor Temporal through it.
func TestNothingLeadsPastTheUseCases(t *testing.T) {
	all := reflect.TypeFor[App]()
	for i := range all.NumField() {
		part := all.Field(i)
		require.False(t, part.IsExported(), part.Name)
		for j := range part.Type.Elem().NumField() {
			field := part.Type.Elem().Field(j)
			require.False(t, field.IsExported(), "%s.%s", part.Name, field.Name)
		}
	}
}

func TestPlan(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Principal = func(p access.Person) string { return p.ID + "@targets" } })
	t.Run("every fact is derived here", func(t *testing.T) {
		start := testTime.Add(time.Hour + time.Millisecond)
		in := testInput
		in.StartAt = &start
		r, err := f.DryRun(t.Context(), alice, in)
		require.NoError(t, err)
		p := r.Plan
		require.Equal(t, alice.Person, p.Requester)
		require.Equal(t, "alice@targets", p.Principal)
		require.Equal(t, access.ViaAPI, p.Via)
		require.Equal(t, 30*time.Minute, p.Duration.Std())
		require.Equal(t, testTime.Add(time.Hour), p.PendingUntil)
		require.Equal(t, testTime.Add(time.Hour), *p.StartAt, "in whole seconds")
		require.Equal(t, "read orders", p.Grants[0].Scope.Summary)
		require.Equal(t, access.GrantName(r.ID, 0), p.Grants[0].Name)
		require.Len(t, r.Stages, 1)
		require.False(t, r.Stages[0].Met)
		require.NotEmpty(t, p.Digest)
		require.Empty(t, f.ledger.calls, "a dry run records and starts nothing")
	})
	for _, c := range []struct {
		name string
		by   access.Actor
		in   access.RequestInput
		code access.Code
		want string // an issue's code, or in its message
	}{
		{"no contract", alice, access.RequestInput{}, access.CodeInvalid, "contract_missing"},
		{"misspelt", alice, access.RequestInput{Contract: "order"}, access.CodeNotFound, `did you mean "orders"?`},
		{"misspelt by one who may not know it", dave, access.RequestInput{Contract: "order"}, access.CodeNotFound, `there is no contract "order"`},
		{"for others", dave, testInput, access.CodeForbidden, "not_eligible"},
		{"too short a reason", alice, access.RequestInput{Contract: "orders", Reason: "x"}, access.CodeInvalid, "reason"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.DryRun(t.Context(), c.by, c.in)
			require.Equal(t, c.code, access.CodeOf(err), "%v", err)
			if i := access.IssuesOf(err)[0]; i.Code != c.want {
				require.Contains(t, i.String(), c.want)
			}
			if c.by.Person.ID == "dave" {
				require.NotContains(t, err.Error(), "did you mean")
			}
		})
	}
	t.Run("a target that does not answer", func(t *testing.T) {
		f.gateway.err = access.Errorf(access.CodeUnavailable, "no worker")
		_, err := f.DryRun(t.Context(), alice, testInput)
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	})
}

func TestSubmit(t *testing.T) {
	t.Run("OK: the ledger is written before the workflow is started", func(t *testing.T) {
		f := newFixture(t)
		r, created, err := f.Submit(t.Context(), alice, testInput, "")
		require.NoError(t, err)
		require.True(t, created)
		require.Equal(t, []string{"ledger.Submit", "gateway.Start"}, f.ledger.calls)
		require.Equal(t, []string{r.ID}, f.ledger.started)
		sub := f.ledger.submitted[0]
		require.NotEmpty(t, sub.PlanEnvelope)
		require.NotEmpty(t, sub.Evaluation)
		require.Contains(t, sub.ContractText, "name: orders")
		require.True(t, sub.RefuseDuplicate)
		require.Equal(t, 20, sub.MaxOpen)
	})
	t.Run("the same key again", func(t *testing.T) {
		f := newFixture(t)
		first, _, err := f.Submit(t.Context(), alice, testInput, "key")
		require.NoError(t, err)
		again, created, err := f.Submit(t.Context(), alice, testInput, "key")
		require.NoError(t, err)
		require.False(t, created)
		require.Equal(t, first.ID, again.ID)
		require.Len(t, f.gateway.started, 1)
		other, created, err := f.Submit(t.Context(), bob, testInput, "key")
		require.NoError(t, err)
		require.True(t, created, "a key is one person's")
		require.NotEqual(t, first.ID, other.ID)
	})
	t.Run("a key that is too long", func(t *testing.T) {
		f := newFixture(t)
		_, _, err := f.Submit(t.Context(), alice, testInput, string(make([]byte, maxKey+1)))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Empty(t, f.ledger.calls)
	})
	t.Run("Temporal is down: it is started later", func(t *testing.T) {
		f := newFixture(t)
		f.gateway.err = nil
		down := access.Errorf(access.CodeUnavailable, "no Temporal")
		// Resolving needs the workers, starting needs Temporal: only the latter fails.
		f.starter.gateway = startFails{f.gateway, &down}
		r, created, err := f.Submit(t.Context(), alice, testInput, "")
		require.NoError(t, err)
		require.True(t, created)
		require.Empty(t, f.ledger.started)
		f.startOnce(t.Context())
		require.Empty(t, f.gateway.started, "one that young may be a submission under way")
		f.now = f.now.Add(2 * startAfter)
		f.startOnce(t.Context())
		require.Empty(t, f.ledger.started, "still down")
		down = nil
		f.startOnce(t.Context())
		require.Equal(t, []string{r.ID}, f.ledger.started)
		f.startOnce(t.Context())
		require.Len(t, f.gateway.started, 1)
	})
	t.Run("refusals are recorded, with through what they came", func(t *testing.T) {
		f := newFixture(t)
		_, _, err := f.Submit(t.Context(), dave, testInput, "")
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.Equal(t, "not_eligible", f.ledger.refusedWith())
		f.ledger.submitErr = access.Refuse(access.CodeThrottled, "too_many_open", "20 are open")
		_, _, err = f.Submit(t.Context(), alice, testInput, "")
		require.Equal(t, access.CodeThrottled, access.CodeOf(err))
		require.Equal(t, "too_many_open", f.ledger.refusedWith())
		require.Empty(t, f.gateway.started)
	})
	t.Run("malformed input is no refusal", func(t *testing.T) {
		f := newFixture(t)
		_, _, err := f.Submit(t.Context(), alice, access.RequestInput{Contract: "orders"}, "")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.Empty(t, f.ledger.events)
	})
}
