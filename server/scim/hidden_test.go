package scim_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/ledger"
)

// TestCase08NamesThatReverse: approvers read names beside what they decide. A name of
// the directory shows what is in it and nothing else, no id or group has characters
// that do not show, and a person who is to leave does, under any name.
func TestCase08NamesThatReverse(t *testing.T) {
	s := newSite(t)
	for _, hides := range []string{"\u202e", "\u200b", "\u2066", "\x1b"} {
		t.Run(fmt.Sprintf("%q", hides), func(t *testing.T) {
			user := func(name, shown, email string) string {
				return fmt.Sprintf(`{"userName":%q,"displayName":%q,"emails":[{"value":%q}],"active":true}`, name, shown, email)
			}
			s.must(400, "POST", "/Users", asJSON(user("al"+hides+"@example.com", "Al", "al@example.com")))
			s.must(400, "POST", "/Groups", asJSON(fmt.Sprintf(`{"displayName":%q}`, "lea"+hides+"ds")))
			name := fmt.Sprintf("al-%x@example.com", hides)
			id := s.must(201, "POST", "/Users", asJSON(user(name, "Al "+hides+"nhA", "a"+hides+"@example.com"))).id()
			u, err := s.ledger.User(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, "Al nhA", u.Name)
			require.Empty(t, u.Email)
			s.must(400, "PATCH", "/Users/"+id, asJSON(fmt.Sprintf(`{"Operations":[{"op":"replace","path":"userName","value":%q}]}`, hides+name)))
			s.must(200, "PATCH", "/Users/"+id, asJSON(fmt.Sprintf(`{"Operations":[{"op":"replace","value":{"userName":%q,"active":false}}]}`, hides+name)))
			left, _, err := s.ledger.Users(t.Context(), ledger.UserFilter{ID: id, Limit: 1})
			require.NoError(t, err)
			require.False(t, left[0].Active)
			s.must(400, "PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"active","value":true}]}`)
		})
	}
}

// asJSON is text that %q wrote, whose control characters JSON writes otherwise.
func asJSON(quoted string) string { return strings.ReplaceAll(quoted, `\x1b`, `\u001b`) }
