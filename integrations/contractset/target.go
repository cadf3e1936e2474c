package contractset

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Config configures the target; there is nothing to configure.
type Config struct{}

// Validate returns nothing.
func (Config) Validate(string) access.Issues { return nil }

// Open returns the target. UseLedger must be called before it is used.
func (Config) Open(context.Context, string) (integrations.Target, error) { return &target{}, nil }

// Ledger keeps which contracts are in force. The ledger of Ramp implements it; see there
// for the codes of errors.
type Ledger interface {
	// OpenContracts brings a set into force in place of another, and opens the grant.
	OpenContracts(ctx context.Context, expires time.Time, r access.ContractsInForce) error
	// CloseContracts closes a grant; the set stays.
	CloseContracts(ctx context.Context, grant string) error
	// ContractGrants returns the grants that are not closed, with their ends.
	ContractGrants(ctx context.Context) (map[string]time.Time, error)
}

// LedgerUser is a Target that keeps what it opens in the ledger, which the worker gives it.
type LedgerUser interface {
	// UseLedger is called once, before anything else.
	UseLedger(l Ledger)
}

type target struct{ ledger Ledger }

var (
	_ integrations.Target = (*target)(nil)
	_ LedgerUser          = (*target)(nil)
)

func (t *target) UseLedger(l Ledger) { t.ledger = l }

// entitlement names the files of two sets of contracts by their digests.
type entitlement struct {
	Set      string `entitlement:"set,required"`
	Replaces string `entitlement:"replaces,required"`
}

var digestShape = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func read(e access.Entitlement) (entitlement, access.Issues) {
	var ent entitlement
	issues := integrations.DecodeEntitlement(e, &ent)
	for field, digest := range map[string]string{"set": ent.Set, "replaces": ent.Replaces} {
		if digest != "" && !digestShape.MatchString(digest) {
			issues.Add("digest_malformed", field, "a digest is needed: sha256: and 64 hexadecimal digits, as `ramp contracts propose` fills it in")
		}
	}
	return ent, issues
}

// Resolve implements integrations.Target.
func (*target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, issues := read(e)
	if err := issues.Err(); err != nil {
		return access.Scope{}, err
	}
	return access.Scope{
		Summary: fmt.Sprintf("bring the contracts %s into force in place of %s", access.ShortDigest(ent.Set), access.ShortDigest(ent.Replaces)),
		Facts:   map[string]string{"set": ent.Set, "replaces": ent.Replaces},
		Ends:    "the contracts come into force once, when this opens, and stay in force after it until another request replaces them",
	}, nil
}

// Grant implements integrations.Target. Errors are also of code conflict: the contracts
// that would be replaced are no longer in force.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	ent, issues := read(g.Entitlement)
	if err := issues.Err(); err != nil {
		return err
	}
	return t.ledger.OpenContracts(ctx, g.ExpiresAt, access.ContractsInForce{Set: ent.Set, Replaces: ent.Replaces, RequestID: g.RequestID, Grant: g.Name, At: time.Now().UTC().Truncate(time.Microsecond)})
}

// Inspect implements integrations.Target.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	open, err := t.ledger.ContractGrants(ctx)
	_, there := open[g.Name]
	return access.ReadBack{Open: there}, err
}

// Revoke implements integrations.Target.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	return t.ledger.CloseContracts(ctx, g.Name)
}

// List implements integrations.Target.
func (t *target) List(ctx context.Context) (out []integrations.ListedGrant, err error) {
	open, err := t.ledger.ContractGrants(ctx)
	for name, end := range open {
		out = append(out, integrations.ListedGrant{Name: name, ExpiresAt: end})
	}
	return out, err
}

// Bounds implements integrations.Target.
func (*target) Bounds() integrations.Bounds { return integrations.Bounds{Ending: time.Minute} }
