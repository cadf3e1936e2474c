package terraform

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase138ExtendingGivesNothingMore: what the module reads changes while access is open,
// and then somebody extends it: the program would change in place what is open.
func TestCase138ExtendingGivesNothingMore(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		outside := filepath.Join(t.TempDir(), "outside")
		require.NoError(t, os.WriteFile(outside, []byte("one room"), 0o600))
		s := newSite(t, program, map[string]string{"main.tf": strings.ReplaceAll(door, `: ${var.note}"`, `: ${trimspace(file("`+outside+`"))}"`)})
		target, g := s.guarded(), s.grant()
		require.NoError(t, target.Grant(t.Context(), g))
		require.NoError(t, os.WriteFile(outside, []byte("all rooms"), 0o600))
		longer := g
		longer.ExpiresAt = g.ExpiresAt.Add(time.Minute)
		err := target.Extend(t.Context(), longer)
		r, failed := s.open().(minter).store.load(t.Context(), g.Name)
		require.NoError(t, failed)
		require.NotContains(t, string(r.State), "all rooms", "nobody approved it")
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
		require.Equal(t, g.ExpiresAt, r.ExpiresAt)
		require.NoError(t, os.WriteFile(outside, []byte("one room"), 0o600))
		require.NoError(t, target.Extend(t.Context(), longer))
		require.NoError(t, target.Revoke(t.Context(), g))
		s.nothing(g)
	})
}

// TestCase138ModuleTakenOff: a module that is no longer in the configuration, or has another
// grantVariable by then, still ends what it opened.
func TestCase138ModuleTakenOff(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(*site){
		"taken off": func(s *site) { s.config.Modules = map[string]Module{"other": s.config.Modules["door"]} },
		"another grantVariable": func(s *site) {
			s.write(map[string]string{"main.tf": strings.ReplaceAll(strings.ReplaceAll(door, "var.ramp.", "var.it."), `variable "ramp"`, `variable "it"`)})
			s.change(func(m *Module) { m.GrantVariable = "it" })
		},
	} {
		t.Run(what, func(t *testing.T) {
			s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
			s.config.Modules = maps.Clone(s.config.Modules)
			g := s.grant()
			require.NoError(t, s.guarded().Grant(t.Context(), g))
			change(s)
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
			s.nothing(g)
		})
	}
}

// TestCase138FilesOfOpenTofusOwn: OpenTofu also reads *.tofu.
func TestCase138FilesOfOpenTofusOwn(t *testing.T) {
	t.Parallel()
	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "main.tf"), []byte(`resource "terraform_data" "foreign" { input = "unpinned" }`), 0o600))
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door, "more.tofu": `module "m" { source = "` + other + `" }`})
	_, err := s.config.Open(t.Context(), "terraform/doors")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
}

// TestCase138AskingHoldsUpNoEnd: those who ask take all turns of the program.
func TestCase138AskingHoldsUpNoEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door}, func(c *Config) { c.Parallel = 1 })
	target, g := s.guarded(), s.grant()
	require.NoError(t, target.Grant(t.Context(), g))
	slower := *s
	slower.config.Program = s.script(`[ "$1" = plan ] && { : >` + dir + `/plans; until [ -e ` + dir + `/go ]; do sleep 0.02; done; }; exec ` + programs(t)["tofu"] + ` "$@"`)
	slow := slower.guarded()
	asked := make(chan error, 1)
	go func() { _, err := slow.Resolve(t.Context(), s.grant("role", "writer").Entitlement); asked <- err }()
	s.eventually("it plans", func() bool { return exists(dir + "/plans") })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := slow.Revoke(ctx, access.Grant{Name: g.Name})
	require.NoError(t, os.WriteFile(dir+"/go", nil, 0o600))
	require.NoError(t, <-asked)
	require.NoError(t, err)
	s.nothing(g)
}

// TestCase138AStateWithoutItsRecord: a worker was killed while it looked at a grant, so a
// working directory has the state; and the records were put back from an older backup.
func TestCase138AStateWithoutItsRecord(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	g := s.grant()
	require.NoError(t, s.guarded().Grant(t.Context(), g))
	r, err := s.open().(minter).store.load(t.Context(), g.Name)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(s.below("run"), g.Name), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(s.below("run"), g.Name, stateFile), r.State, 0o600))
	require.NoError(t, os.Remove(filepath.Join(s.below("grants"), g.Name+recordSuffix)))
	listed, err := s.guarded().List(t.Context())
	require.NoError(t, err)
	require.Len(t, listed, 1)
	require.Equal(t, g.ExpiresAt, listed[0].ExpiresAt)
	require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
	require.False(t, exists(s.door(g.Name)), "it says that it is gone, and it is open")
	s.nothing(g)
}

// TestNotOfItsEnd: values that a plan knows do not follow from the new end.
func TestNotOfItsEnd(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]struct {
		before, after, unknown any
		bad                    bool
	}{
		"unknown":             {map[string]any{"until": "1", "of": "a"}, map[string]any{"of": "a"}, map[string]any{"until": true}, false},
		"known":               {map[string]any{"until": "1", "of": "a"}, map[string]any{"of": "b"}, map[string]any{"until": true}, true},
		"more":                {map[string]any{"of": "a"}, map[string]any{"of": "a", "and": "b"}, map[string]any{}, true},
		"less":                {map[string]any{"of": "a", "and": "b"}, map[string]any{"of": "a"}, map[string]any{}, true},
		"a list, unknown":     {map[string]any{"l": []any{"a", "1"}}, map[string]any{"l": []any{"a", nil}}, map[string]any{"l": []any{false, true}}, false},
		"a list, known":       {map[string]any{"l": []any{"a", "1"}}, map[string]any{"l": []any{"b", nil}}, map[string]any{"l": []any{false, true}}, true},
		"a longer list":       {map[string]any{"l": []any{"a"}}, map[string]any{"l": []any{"a", "b"}}, map[string]any{}, true},
		"a shorter list":      {map[string]any{"l": []any{"a", "b"}}, map[string]any{"l": []any{"a"}}, map[string]any{}, true},
		"no object any more":  {map[string]any{"o": map[string]any{"a": "b"}}, map[string]any{}, map[string]any{}, true},
		"an object, as it is": {map[string]any{"o": map[string]any{"a": 1.0}}, map[string]any{"o": map[string]any{"a": 1.0}}, map[string]any{"o": map[string]any{}}, false},
	} {
		p := &tfjson.Plan{ResourceChanges: []*tfjson.ResourceChange{{Address: "module.grant.x.y", ModuleAddress: "module.grant", Type: "x",
			Change: &tfjson.Change{Actions: tfjson.Actions{tfjson.ActionUpdate}, Before: c.before, After: c.after, AfterUnknown: c.unknown}}}}
		require.Equal(t, c.bad, len(notOfItsEnd(p)) == 1, what)
	}
}
