package scim

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase64BodiesAreReadOneWay: a name that is there twice, in whatever letters,
// is refused at every depth.
func TestCase64BodiesAreReadOneWay(t *testing.T) {
	for _, body := range []string{
		`{"active":false,"active":true}`, `{"active":false,"Active":true}`, `{"userName":"a","USERNAME":"b"}`,
		`{"name":{"givenName":"a","GivenName":"b"}}`, `{"Operations":[{"op":"replace","Op":"remove"}]}`,
		`{"act\u0069ve":false,"active":true}`,
		`{}{}`, `{}}`, `[]`, `null`, `"x"`, `{`, ``, `{"a":` + strings.Repeat("[", 33) + strings.Repeat("]", 33) + `}`,
	} {
		_, err := decode(strings.NewReader(body))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), body)
	}
	o, err := decode(strings.NewReader(`{"UserName":"a","name":{"GivenName":"b"},"emails":[{"Value":"c","primary":true},5,null]}` + "\n"))
	require.NoError(t, err)
	require.Equal(t, object{"username": "a", "name": map[string]any{"givenname": "b"},
		"emails": []any{map[string]any{"value": "c", "primary": true}, 5.0, nil}}, o)
}
