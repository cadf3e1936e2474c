package program

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/plaintext"
)

var (
	_ integrations.Extender      = extender{}
	_ integrations.Minter        = minter{}
	_ integrations.DriftDetector = drifter{}
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

type extender struct{ of *target }

// Extend implements integrations.Extender.
func (x extender) Extend(ctx context.Context, g access.Grant) error {
	return x.of.act(ctx, OpExtend, grantOf(g))
}

type minter struct{ of *target }

// Mint implements integrations.Minter. A credential that outlives its grant, or brings more
// than its kind may bring to a person's machine, is not handed on.
func (m minter) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	r, err := m.of.call(ctx, Request{Operation: OpMint, Grant: grantOf(g)})
	if err != nil {
		return access.Credential{}, err
	}
	if r.Credential == nil {
		return access.Credential{}, unexpected(OpMint, "credential")
	}
	c := *r.Credential
	c.Hint = plaintext.Line(c.Hint, 200)
	refuse := func(why string) (access.Credential, error) {
		return access.Credential{}, access.Errorf(access.CodeInternal, "mint: the program's credential %s; it was not handed on", why)
	}
	switch {
	case c.Kind != m.of.description.Credential:
		return refuse("is of another kind than its description says")
	case c.ExpiresAt.IsZero():
		return refuse("has no end")
	case c.ExpiresAt.After(g.ExpiresAt):
		return refuse("outlives its grant")
	case c.Validate() != nil:
		return refuse("brings what its kind may not bring")
	}
	return c, nil
}

type drifter struct{ of *target }

// maxDifferences bounds what is shown of a drift.
const maxDifferences = 20

// Drift implements integrations.DriftDetector.
func (d drifter) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	r, err := d.of.call(ctx, Request{Operation: OpDrift, Grant: grantOf(g)})
	if err != nil {
		return nil, err
	}
	if r.Differences == nil {
		return nil, unexpected(OpDrift, "differences")
	}
	all := *r.Differences
	var out []string
	for _, one := range all[:min(len(all), maxDifferences)] {
		text := plaintext.Line(one, maxMessage)
		if text == "" {
			text = "a difference without words"
		}
		out = append(out, text)
	}
	return out, nil
}

// Restore implements integrations.DriftDetector.
func (d drifter) Restore(ctx context.Context, g access.Grant) error {
	return d.of.act(ctx, OpRestore, grantOf(g))
}
