package contracts

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestGroupsAreAList: conditions that take a list for one text admit nobody, ever, and are
// no conditions.
func TestGroupsAreAList(t *testing.T) {
	env, err := environment()
	require.NoError(t, err)
	for _, text := range []string{`person.groups == "engineering"`, `"engineering" == person.groups`, `person.groups != "engineering"`, `person.groups.contains("engineering")`, `true && person.groups.startsWith("engineering")`} {
		_, err := compile(env, text)
		require.EqualError(t, err, `person.groups is a list: write "engineering" in person.groups`, text)
	}
	_, err = compile(env, "person.groups")
	require.ErrorContains(t, err, `as in "engineering" in person.groups`)
	for _, text := range []string{`"engineering" in person.groups`, `person.groups == ["engineering"]`, `person.groups.exists(g, g == "engineering")`} {
		_, err := compile(env, text)
		require.NoError(t, err, text)
	}
}
