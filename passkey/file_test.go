package passkey

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

func written(t *testing.T, set Set) (path, text string) {
	path = filepath.Join(t.TempDir(), "passkeys.yaml")
	require.NoError(t, set.write(path))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return path, string(b)
}

// TestFileSaysWhatIsWrong: every mistake, at once.
func TestFileSaysWhatIsWrong(t *testing.T) {
	s := newSite(t)
	_, good := written(t, s.enrolled("bob", s.set()))
	require.NoError(t, errOf(Parse("f", []byte(good))))
	line := func(field string) string {
		for _, l := range strings.Split(good, "\n") {
			if strings.Contains(l, field+":") {
				return l
			}
		}
		t.Fatal(field)
		return ""
	}
	indent := strings.Repeat(" ", len(line("publicKey"))-len(strings.TrimLeft(line("publicKey"), " ")))
	bobs := good[strings.Index(good, "bob:"):]
	for _, c := range []struct{ name, old, new, want string }{
		{"unknown field", line("publicKey"), line("publicKey") + "\n" + indent + "signCount: 1", "signCount"},
		{"numeric address", "https://ramp.example.com", "https://192.0.2.1", "no passkeys for a numeric address"},
		{"in clear", "https://ramp.example.com", "http://ramp.example.com", "over https only"},
		{"with a path", "https://ramp.example.com", "https://ramp.example.com/", "the origin is needed"},
		{"another domain's name", "rpId: ramp.example.com", "rpId: amp.example.com", "not the origin's host"},
		{"no date", line("enrolled"), indent + "enrolled: yesterday", "2026-01-31"},
		{"a bad end", line("enrolled"), line("enrolled") + "\n" + indent + "until: soon", "2026-01-31"},
		{"no public key", line("publicKey"), indent + "publicKey: AAAA", "not a COSE public key"},
		{"not base64url", line("publicKey"), indent + "publicKey: '*'", "base64url"},
		{"two people with one key", "bob:", "carol:" + strings.TrimPrefix(bobs, "bob:") + "  bob:", "enrolled for bob already"},
		{"one person in two forms", "people:", "people:\n  BOB: []", "is one person"},
		{"not YAML", "people:", "people: [", "yaml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.Contains(t, good, c.old)
			_, err := Parse("f", []byte(strings.Replace(good, c.old, c.new, 1)))
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			all := ""
			for _, i := range access.IssuesOf(err) {
				all += i.Code + " " + i.String() + "\n"
			}
			require.Contains(t, all, c.want)
		})
	}
}

// TestCase82WhatIsSeen: whose passkeys are whose is what a reviewer of the file
// sees, and nothing stands in a second document.
func TestCase82WhatIsSeen(t *testing.T) {
	s := newSite(t)
	_, good := written(t, s.enrolled("bob", s.set()))
	for _, c := range []struct{ old, new, want string }{
		{"bob:", "bob\u200b:", "U+200B does not show"},
		{"bob:", "bob: # \u202e", "U+202E does not show"},
		{"https://ramp.example.com", "!!str https://ramp.example.com", "tags are not taken"},
		{"bob:", "bob: &b", "anchors and aliases"},
		{"people:", "other: 1\n---\npeople:", "one YAML document"},
	} {
		_, err := Parse("f", []byte(strings.Replace(good, c.old, c.new, 1)))
		require.ErrorContains(t, err, c.want)
	}
	require.NoError(t, errOf(Parse("f", []byte("\ufeff"+good))), "a byte order mark is taken")
}

func errOf(_ Set, err error) error { return err }

// TestFileIsReadAtEachUse: what was taken out counts no more, without a restart.
func TestFileIsReadAtEachUse(t *testing.T) {
	s := newSite(t)
	set := s.enrolled("bob", s.set())
	path, _ := written(t, s.set())
	f := NewFile(path)
	d := s.approval()
	check := func() string {
		now, err := f.Current()
		require.NoError(t, err)
		return issueOf(now.Verify(d))
	}
	require.Equal(t, IssueUnknown, check())
	require.NoError(t, f.Add("bob", set.People["bob"][0]))
	require.Empty(t, check())
	require.Error(t, f.Add("carol", set.People["bob"][0]), "one key is one human's")

	// A key that is over does not count for a decision that says it is older:
	// the time of a decision is the server's word.
	set.People["bob"][0].Until = time.Now().UTC().Format(time.DateOnly)
	set.People["bob"][0].Enrolled = "2020-01-01"
	d.At = time.Now().AddDate(0, 0, -2)
	require.NoError(t, set.Verify(d), "long ago it was good")
	require.NoError(t, set.write(path))
	require.Equal(t, IssueUnknown, check())

	require.NoError(t, os.WriteFile(path, []byte("origin: ["), 0o600))
	_, err := f.Current()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "it is waited for, and nothing older stands in")
	require.NoError(t, os.Remove(path))
	_, err = f.Current()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

func TestPrepare(t *testing.T) {
	s := newSite(t)
	path := filepath.Join(t.TempDir(), "passkeys.yaml")
	require.NoError(t, PrepareFile(path, "http://localhost:8080"))
	set, err := Load(path)
	require.NoError(t, err)
	require.Equal(t, "localhost", set.RPID)
	k := s.enrolled("bob", s.set()).People["bob"][0]
	require.NoError(t, NewFile(path).Add("bob", k))
	require.NoError(t, PrepareFile(path, "http://localhost:9090"))
	set, err = Load(path)
	require.NoError(t, err)
	require.Equal(t, "http://localhost:9090", set.Origin)
	require.Equal(t, []Key{k}, set.KeysOf("bob"))
	require.Error(t, PrepareFile(path, "http://127.0.0.1:8080"))
}
