package contracts

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
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
