package integrations

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/pacing"
)

// Rights is how what Ramp's own credential for a target may do differs from what Ramp
// needs of it. Each entry is a few words that name the right and where it holds, as the
// service itself names both, and no secret.
type Rights struct {
	Lacks   []string `json:"lacks,omitempty"`   // Ramp needs it and may not
	TooMuch []string `json:"tooMuch,omitempty"` // whoever has the credential may do it, and Ramp need not
	// Unknown is what could not be compared, and why: the service does not say, or not to
	// this credential.
	Unknown []string `json:"unknown,omitempty"`
}

// Add appends another's differences.
func (r *Rights) Add(o Rights) {
	r.Lacks = append(r.Lacks, o.Lacks...)
	r.TooMuch = append(r.TooMuch, o.TooMuch...)
	r.Unknown = append(r.Unknown, o.Unknown...)
}

// Some returns one entry for many things: what they are, the names of the first of them, and
// how many more there are.
func Some(what string, names []string) string {
	const most = 10
	said := slices.Clone(names[:min(most, len(names))])
	for i := range said {
		said[i] = access.Clip(said[i], 100)
	}
	text := what + " " + strings.Join(said, ", ")
	if more := len(names) - len(said); more > 0 {
		text += " and " + strconv.Itoa(more) + " more"
	}
	return text
}

// Compared returns the differences on one thing of the service's, such as a project: what is
// needed there and not had, and what is had of that which Ramp need not have.
func Compared(where string, needed, tooMuch []string, has func(right string) bool) (r Rights) {
	for _, right := range needed {
		if !has(right) {
			r.Lacks = append(r.Lacks, right+" on "+where)
		}
	}
	for _, right := range tooMuch {
		if has(right) {
			r.TooMuch = append(r.TooMuch, right+" on "+where)
		}
	}
	return r
}

// Beside returns what is in all and not in needed, sorted, each once.
func Beside(all, needed []string) []string {
	return slices.DeleteFunc(slices.Compact(slices.Sorted(slices.Values(all))), func(v string) bool { return slices.Contains(needed, v) })
}

// RightsReader is a Target that can compare what Ramp's own credential may do with what
// Ramp needs, for `ramp doctor`. Too many rights do no harm until somebody has the
// credential, so that readiness need not ask for them.
type RightsReader interface {
	// Rights returns the differences; the zero Rights if there are none. It changes nothing.
	// Errors say that nothing could be compared, such as unavailable.
	Rights(ctx context.Context) (Rights, error)
}

// Rights returns how the rights of Ramp's own credential differ from what is needed; see
// RightsReader. Of a target that cannot tell, everything is unknown.
func (t *Guarded) Rights(ctx context.Context) (Rights, error) {
	if r, ok := t.target.(RightsReader); ok {
		return r.Rights(ctx)
	}
	return Rights{Unknown: []string{"a target of this kind does not say what its credential may do"}}, nil
}

// Rights returns how the rights of Ramp's own credential for a target differ from what is
// needed; see Guarded.Rights.
func (b *Broker) Rights(ctx context.Context, target string) (Rights, error) {
	return call(ctx, b, operation{name: "look at the rights of the credential", target: target, class: pacing.Opening},
		func(ctx context.Context, t *Guarded) (Rights, error) { return t.Rights(ctx) })
}

// Unnamed returns a grant's name that no request has: a place for what is asked about grants
// in general.
func Unnamed() string { return access.GrantName("0000000000000000", 0) }
