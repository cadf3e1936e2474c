package terraform

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// TestCase139TextStaysText: what a requester chose is a value, and neither the program's
// language nor a shell's.
func TestCase139TextStaysText(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		s := newSite(t, program, map[string]string{"main.tf": door}, func(c *Config) {
			c.Modules["door"].Variables["note"] = Variable{Type: "string", Pattern: `.*`, Optional: true}
		})
		target := s.guarded()
		for _, text := range []string{`${file("/etc/hostname")}`, `%{ for x in [1] }a%{ endfor }`, `"} , "x": {"`, `$(touch pwned)`} {
			g := s.grant("note", text)
			shown, err := target.Resolve(t.Context(), g.Entitlement)
			require.NoError(t, err)
			require.Contains(t, shown.Facts["variables"], "note = "+oneLine(text))
			require.NoError(t, target.Grant(t.Context(), g))
			r, err := s.open().(minter).store.load(t.Context(), g.Name)
			require.NoError(t, err)
			require.Contains(t, string(r.State), strings.TrimSuffix(strings.TrimPrefix(oneLine(": "+text), `"`), `"`), "the plate has it as it was written")
			require.NoError(t, target.Revoke(t.Context(), g))
			s.nothing(g)
		}
		for _, text := range []string{"", "two\nlines", "hidden\u202e", strings.Repeat("x", maxText+1)} {
			_, err := target.Resolve(t.Context(), s.grant("note", text).Entitlement)
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%q", text)
		}
	})
}

// TestCase139NothingInClear: what is open leaves no secret on the disk, and the program sees
// no more of the worker's environment than it is given.
func TestCase139NothingInClear(t *testing.T) {
	nothing := func(t *testing.T, program string) {
		trace := filepath.Join(t.TempDir(), "trace")
		for name, value := range map[string]string{"TF_LOG": "TRACE", "TF_LOG_PATH": trace, "TF_VAR_role": "writer", "TF_CLI_ARGS": "-bad", "TF_DATA_DIR": "/nowhere",
			"TF_CLI_CONFIG_FILE": "/nowhere", "RAMP_OWN_SECRET": "MARKED-of-the-worker", "TF_WORKSPACE": "another"} {
			t.Setenv(name, value)
		}
		s := newSite(t, program, map[string]string{"main.tf": strings.ReplaceAll(door, `>\"$FILE\""`, `>\"$FILE\"; env >\"$FILE.env\""`)})
		target, g := s.guarded(), s.grant()
		require.NoError(t, target.Grant(t.Context(), g))
		c, err := target.Mint(t.Context(), g)
		require.NoError(t, err)
		require.NoError(t, s.use(t.Context(), g, c))
		require.NoFileExists(t, trace)

		seen, err := os.ReadFile(s.door(g.Name) + ".env")
		require.NoError(t, err)
		require.Contains(t, string(seen), "DOOR_SECRET="+marker, "what it is given")
		for _, own := range []string{"MARKED-of-the-worker", "TRACE", "/nowhere", "writer"} {
			require.NotContains(t, string(seen), own)
		}
		door, err := os.ReadFile(s.door(g.Name))
		require.NoError(t, err)
		key, _, _ := strings.Cut(string(door), " ")
		require.Greater(t, len(key), 20)
		require.NoError(t, filepath.WalkDir(string(s.config.Directory), func(path string, d fs.DirEntry, err error) error {
			require.NoError(t, err)
			if d.Type().IsRegular() {
				b, err := os.ReadFile(path)
				require.NoError(t, err)
				require.NotContains(t, string(b), key, path)
				require.NotContains(t, string(b), marker, path)
				info, err := d.Info()
				require.NoError(t, err)
				require.Zero(t, info.Mode().Perm()&0o077, path)
			}
			return nil
		}))
		require.NoError(t, os.Remove(s.door(g.Name)+".env"))
		require.NoError(t, target.Revoke(t.Context(), g))
		s.nothing(g)
	}
	for name, program := range programs(t) { // one after the other: what it sets is the process's
		t.Run(name, func(t *testing.T) { nothing(t, program) })
	}
}

// TestCase139RecordsOfAnother: whoever writes the directory of records makes none, and moves
// none to another grant's name or another target.
func TestCase139RecordsOfAnother(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	target, one, two := s.guarded(), s.grant(), s.grant()
	require.NoError(t, target.Grant(t.Context(), one))
	path := func(name string) string { return filepath.Join(s.below("grants"), name+recordSuffix) }
	whole, err := os.ReadFile(path(one.Name))
	require.NoError(t, err)
	refused := func(name string) {
		t.Helper()
		_, err := target.Inspect(t.Context(), access.Grant{Name: name})
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		_, err = target.List(t.Context())
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "what cannot be read is not passed over")
		require.Equal(t, access.CodeUnavailable, access.CodeOf(target.Revoke(t.Context(), access.Grant{Name: name})))
	}
	require.NoError(t, os.WriteFile(path(two.Name), whole, 0o600))
	refused(two.Name)
	require.NoError(t, os.Remove(path(two.Name)))
	for _, changed := range [][]byte{whole[:len(whole)-1], append(whole[:len(whole):len(whole)], 'x'), {}, []byte(`{"grant":"` + one.Name + `"}`)} {
		require.NoError(t, os.WriteFile(path(one.Name), changed, 0o600))
		refused(one.Name)
	}
	require.NoError(t, os.WriteFile(path(one.Name), whole, 0o600))
	other, err := s.config.Open(t.Context(), "terraform/other")
	require.NoError(t, err)
	_, err = other.Inspect(t.Context(), one)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))

	// The key changes: what the old one encrypted is read while it is in the list.
	newer := filepath.Join(t.TempDir(), "newer")
	require.NoError(t, os.WriteFile(newer, []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("n", 32)))), 0o600))
	old := s.config.Keys
	s.config.Keys = []field.Secret{field.SecretFile(newer)}
	_, err = s.open().Inspect(t.Context(), one)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	s.config.Keys = append(s.config.Keys, old...)
	require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: one.Name}))
	s.nothing(one)
}

// TestADirectoryThatIsNotThere is not one in which nothing is open.
func TestADirectoryThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t, programs(t)["tofu"], map[string]string{"main.tf": door})
	target, g := s.guarded(), s.grant()
	require.NoError(t, os.RemoveAll(string(s.config.Directory)))
	_, err := target.Inspect(t.Context(), g)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	_, err = target.List(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	require.Error(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
	require.Error(t, target.Ping(t.Context()))
}
