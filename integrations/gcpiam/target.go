package gcpiam

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/pacing"
)

type target struct {
	config                Config
	manager, storage, iam *jsonhttp.Client
	holders               integrations.Holders
	step                  time.Duration // the first pause after a conflict
	changing              sync.Map      // of chan struct{}, by resource: one change of a policy at a time
}

var (
	_ integrations.Target        = (*target)(nil)
	_ integrations.HolderUser    = (*target)(nil)
	_ integrations.Extender      = (*target)(nil)
	_ integrations.DriftDetector = (*target)(nil)
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

// UseHolders implements integrations.HolderUser. No two grants share a binding: the ledger
// knows on which resource a grant's binding is, also when the configuration has it no more.
func (t *target) UseHolders(h integrations.Holders) { t.holders = h }

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	ent, err := t.config.entitlement(e)
	if err != nil {
		return access.Scope{}, err
	}
	kind, name, _ := strings.Cut(ent.Resource, "/")
	return access.Scope{
		Summary: "role " + ent.Role + " on Google Cloud's " + strings.TrimSuffix(kind, "s") + " " + name,
		Facts:   map[string]string{"resource": ent.Resource, "role": ent.Role},
		Ends:    "Google itself refuses the role from its end on: the binding has a condition on the time",
	}, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	// Google takes 600 reads and 600 writes of policies a minute of one project's callers.
	return integrations.Bounds{Consistency: t.config.Consistency.Std(), Ending: 3 * time.Minute,
		Rate: pacing.Rate{PerSecond: 4, Burst: 8}}
}

// marked begins the names of bindings among what grants hold.
const marked = "binding "

// object returns the name of a grant's binding in the ledger.
func object(resource, grant string) string { return marked + resource + " " + grant }

// resourceOf returns the resource of a name that object made.
func resourceOf(object string) (string, error) {
	rest, ok := strings.CutPrefix(object, marked)
	resource, _, _ := strings.Cut(rest, " ")
	if !ok || !resourceShape.MatchString(resource) {
		return "", access.Errorf(access.CodeInternal, "the ledger has %q among the bindings of Google Cloud", access.Clip(object, 120))
	}
	return resource, nil
}

// where returns the resources on which a grant's binding may be: what the ledger says, and
// all of the configuration's if it says nothing, as one that was set back does.
func (t *target) where(ctx context.Context, grant string) ([]string, error) {
	objects, err := t.holders.Objects(ctx, grant)
	if err != nil {
		return nil, err
	}
	if len(objects) == 0 {
		return t.config.resources(), nil
	}
	var out []string
	for object := range objects {
		resource, err := resourceOf(object)
		if err != nil {
			return nil, err
		}
		out = append(out, resource)
	}
	return out, nil
}

// atOnce is how many policies are read at once.
const atOnce = 4

// readAll reads the policies of resources, and gives each to look, one after the other.
func (t *target) readAll(ctx context.Context, resources []string, look func(p *policy)) error {
	var mu sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, resource := range resources {
		group.Go(func() error {
			p, err := t.read(ctx, resource)
			if err != nil || p == nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			look(p)
			return nil
		})
	}
	return group.Wait()
}

// Inspect implements integrations.Target. A binding whose condition has ended counts as
// open until it is removed: the next look must not forget it.
func (t *target) Inspect(ctx context.Context, g access.Grant) (out access.ReadBack, err error) {
	resources, err := t.where(ctx, g.Name)
	if err != nil {
		return out, err
	}
	err = t.readAll(ctx, resources, func(p *policy) { out.Open = out.Open || len(p.of(g.Name)) > 0 })
	return out, err
}

// List implements integrations.Target: the bindings whose titles begin with Ramp's prefix,
// on the resources of the configuration and on those where the ledger has some.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	held, err := t.holders.Held(ctx, marked)
	if err != nil {
		return nil, err
	}
	resources := map[string]bool{}
	for _, one := range t.config.resources() {
		resources[one] = true
	}
	for object := range held {
		resource, err := resourceOf(object)
		if err != nil {
			return nil, err
		}
		resources[resource] = true
	}
	err = t.readAll(ctx, slices.Sorted(maps.Keys(resources)), func(p *policy) {
		for _, b := range p.bindings {
			if strings.HasPrefix(b.grant(), access.NamePrefix) {
				end, _ := b.end()
				listed = append(listed, integrations.ListedGrant{Name: b.grant(), ExpiresAt: end})
			}
		}
	})
	return listed, err
}

// Ping implements integrations.Pinger: Ramp may read and write the policy of each resource, and
// each role of the allow-list is one that may be given.
func (t *target) Ping(ctx context.Context) error {
	for _, resource := range t.config.resources() {
		has, err := t.held(ctx, resource, needed(resource))
		if err != nil {
			return err
		}
		lacks := integrations.Compared(resource, needed(resource), nil, func(one string) bool { return slices.Contains(has, one) }).Lacks
		if len(lacks) > 0 {
			return access.Errorf(access.CodeForbidden, "Ramp's own account lacks %s", strings.Join(lacks, " and "))
		}
	}
	return t.checkRoles(ctx)
}
