package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestManagerOfTheDirectory: whom the directory names is the manager, and where it names
// somebody who is nobody by now there is none, whatever a claim says.
func TestManagerOfTheDirectory(t *testing.T) {
	for name, c := range map[string]struct {
		told        *string
		claim, want string
	}{
		"only a claim":         {nil, "mia", "mia"},
		"both":                 {new("max"), "mia", "max"},
		"only the directory":   {new("max"), "", "max"},
		"nobody by now":        {new(""), "mia", ""},
		"neither says anybody": {nil, "", ""},
	} {
		p := access.Person{ID: "ann", Kind: access.KindHuman}
		if c.claim != "" {
			p.Attributes = map[string]string{access.AttributeManager: c.claim, "team": "t"}
		}
		s := access.DirectorySnapshot{Members: map[string]access.Member{access.FoldID("ann"): {ID: "ann", Active: true, Manager: c.told}}}
		got, err := s.Current(p)
		require.NoError(t, err)
		require.Equal(t, c.want, got.Attributes[access.AttributeManager], name)
		require.Equal(t, c.claim, p.Attributes[access.AttributeManager], "the token's own are left alone")
	}
}
