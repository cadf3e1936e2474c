package awsapi

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// AWS may give a policy back in another spelling of the same.
func TestSamePolicy(t *testing.T) {
	require.True(t, SamePolicy(`{"Action":["b","a"],"Resource":["x"]}`, `{"Resource":"x","Action":["a","b"]}`))
	require.True(t, SamePolicy(`%7B%22Action%22%3A%22a%22%7D`, `{"Action":["a"]}`))
	require.False(t, SamePolicy(`{"Action":["a","b"]}`, `{"Action":["a"]}`))
	require.False(t, SamePolicy(`{`, `{}`))
}

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"s3:Get*", "s3:GetObject", true}, {"s3:Get*", "s3:PutObject", false}, {"*", "", true}, {"a*b*c", "aXbYbc", true},
		{"a*b*c", "ab", false}, {"a?c", "abc", true}, {"a?c", "a*c", false}, {"a?c", "a?c", true}, {"a*c", "a*c", true},
		{"abc", "a*c", false}, {"abc", "a?c", false}, {"a", "ab", false}, {"ab", "a", false}, {"a**", "a", true},
		{"orders/*", "orders/*", true}, {"orders/1*", "orders/*", false}, {"*1", "*", false},
		{strings.Repeat("*a", 40) + "b", strings.Repeat("a", 200), false},
	} {
		require.Equal(t, c.want, Covers(c.pattern, c.s), "%s on %s", c.pattern, c.s)
	}
}
