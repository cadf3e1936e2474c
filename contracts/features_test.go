package contracts

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestEveryFeatureRuns: a feature that is missing in list would be a rule that is
// written and has no effect.
func TestEveryFeatureRuns(t *testing.T) {
	var all terms
	v := reflect.ValueOf(&all).Elem()
	list := all.list()
	require.Len(t, list, v.NumField())
	for i, f := range list {
		name := v.Type().Field(i).Name
		require.Equal(t, v.Field(i).Addr().Pointer(), reflect.ValueOf(f).Pointer(), "%s is not at its place in list", name)
		require.Equal(t, name, reflect.TypeOf(f).Elem().Name(), "the type of a feature is called as its field")
	}
}

// TestPlannedFieldsAreNotKnown: a planned field that a feature has would be accepted,
// whatever its row in planned says.
func TestPlannedFieldsAreNotKnown(t *testing.T) {
	for _, known := range sourceFields() {
		require.NotContains(t, planned, known)
	}
	for field, instead := range planned {
		t.Run(field, func(t *testing.T) {
			text := "a: 1"
			steps := strings.Split(field, ".")
			for i := len(steps) - 1; i >= 0; i-- {
				text = steps[i] + ":\n  " + strings.ReplaceAll(text, "\n", "\n  ")
			}
			_, err := Parse(map[string][]byte{"c.yaml": []byte(text + "\n")})
			var got []string
			for _, i := range access.IssuesOf(err) {
				if i.Code == "not_supported" {
					got = append(got, i.Message)
				}
			}
			require.Len(t, got, 1)
			require.Contains(t, got[0], instead)
		})
	}
}
