package terraform

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// reading is a module whose plan depends on a file outside of it.
func reading(path string) string {
	return strings.ReplaceAll(door, "role = var.role }", `role = "${var.role} of ${trimspace(file("`+path+`"))}" }`)
}

// TestCase138AppliedIsWhatWasApproved: between the approval and the opening, what a plan
// depends on changes.
func TestCase138AppliedIsWhatWasApproved(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		outside := filepath.Join(t.TempDir(), "outside")
		require.NoError(t, os.WriteFile(outside, []byte("one room"), 0o600))
		s := newSite(t, program, map[string]string{"main.tf": reading(outside)})
		target, g := s.guarded(), s.grant()
		shown, err := target.Resolve(t.Context(), g.Entitlement)
		require.NoError(t, err)
		require.Contains(t, shown.Facts["plan 01"], "reader of one room")
		g.Approved = &shown

		require.NoError(t, os.WriteFile(outside, []byte("all rooms"), 0o600))
		err = target.Grant(t.Context(), g)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), "%v", err)
		require.ErrorContains(t, err, "not the one that was approved")
		s.nothing(g)

		require.NoError(t, os.WriteFile(outside, []byte("one room"), 0o600))
		require.NoError(t, target.Grant(t.Context(), g))
		b, err := os.ReadFile(s.door(g.Name))
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(string(b), " reader of one room"), "%s", b)
		require.NoError(t, target.Revoke(t.Context(), g))
		s.nothing(g)
	})
}

// TestCase138ModuleThatChanges: a module's files change under a worker that has read them,
// and before it starts.
func TestCase138ModuleThatChanges(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	target, g := s.guarded(), s.grant()
	source := string(s.config.Modules["door"].Directory)
	require.NoError(t, os.WriteFile(filepath.Join(source, "main.tf"), []byte(strings.ReplaceAll(door, "reader", "owner")+"# changed\n"), 0o600))
	require.NoError(t, target.Grant(t.Context(), g), "what was read counts, not what is there now")
	_, err := s.config.Open(t.Context(), "terraform/doors")
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	require.ErrorContains(t, err, "is pinned")

	// Another version is pinned: what was opened with the old one is ended with the old one.
	s.write(map[string]string{"main.tf": strings.ReplaceAll(door, "rm -f", "true")})
	newer := s.guarded()
	kept, err := filepath.Glob(filepath.Join(s.below("modules"), "*", "main.tf"))
	require.NoError(t, err)
	require.Len(t, kept, 1)
	require.NoError(t, os.WriteFile(kept[0], []byte(door+"# by hand\n"), 0o600))
	err = newer.Revoke(t.Context(), access.Grant{Name: g.Name})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "it was changed")
	require.FileExists(t, s.door(g.Name))
	require.NoError(t, os.WriteFile(kept[0], []byte(door), 0o600))
	require.NoError(t, newer.Revoke(t.Context(), access.Grant{Name: g.Name}))
	require.NoFileExists(t, s.door(g.Name))
	s.nothing(g)
}

// TestCase138ProgramThatFails: a program that does not work opens nothing, ends nothing, and
// is not believed.
func TestCase138ProgramThatFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	open, closed := s.grant(), s.grant()
	healthy := s.guarded()
	require.NoError(t, healthy.Grant(t.Context(), open))
	broken := *s
	broken.config.Program = s.script(`echo "Error: no route to host for $DOOR_SECRET" >&2; echo "details: $DOOR_SECRET" >&2; exit 1`)
	failing := broken.guarded()
	for what, err := range map[string]error{
		"grant": failing.Grant(t.Context(), closed), "revoke": failing.Revoke(t.Context(), access.Grant{Name: open.Name}), "ping": failing.Ping(t.Context()),
	} {
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%s: %v", what, err)
		require.NotContains(t, err.Error(), marker, "%s: case 139", what)
		require.NotContains(t, err.Error(), "details", what)
	}
	back, err := healthy.Inspect(t.Context(), open)
	require.NoError(t, err)
	require.True(t, back.Open)
	require.FileExists(t, s.door(open.Name))

	lying := *s
	lying.config.Program = s.script(`[ "$1" = destroy ] && exit 0; exec ` + programs(t)["tofu"] + ` "$@"`)
	err = lying.guarded().Revoke(t.Context(), access.Grant{Name: open.Name})
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it says that it destroyed all: %v", err)
	require.ErrorContains(t, err, "resources more")

	require.NoError(t, healthy.Revoke(t.Context(), access.Grant{Name: open.Name}))
	require.NoError(t, healthy.Revoke(t.Context(), access.Grant{Name: closed.Name}))
	s.nothing(open)
}

// TestExtendChangesInPlace: nobody approved another plan, and access must have no gap.
func TestExtendChangesInPlace(t *testing.T) {
	t.Parallel()
	replaces := strings.ReplaceAll(door, `role = var.role }`, `role = var.role }
  triggers_replace = var.ramp.expires_at`)
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": replaces})
	target, g := s.guarded(), s.grant()
	require.NoError(t, target.Grant(t.Context(), g))
	was := g.ExpiresAt
	g.ExpiresAt = was.Add(access.Duration(1e9 * 60).Std())
	err := target.Extend(t.Context(), g)
	require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "module.grant.terraform_data.door")
	listed, err := target.List(context.Background())
	require.NoError(t, err)
	require.Equal(t, was, listed[0].ExpiresAt)
	require.FileExists(t, s.door(g.Name))
	require.NoError(t, target.Revoke(t.Context(), g))
	s.nothing(g)
}
