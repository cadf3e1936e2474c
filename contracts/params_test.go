package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestParamsAsText: a value may be given as text, and is read by the declared
// type only, in one way.
func TestParamsAsText(t *testing.T) {
	set := parsed(t, contract("c", "true", `{default: 1h, max: 1h}`, `{auto: 'true'}`, `
  params:
    id: {type: string, pattern: '[0-9]+|true'}
    rows: {type: int, min: -5, max: 5000}
    dry: {type: bool}`))
	for _, c := range []struct {
		name        string
		value, want any // want is nil for what is refused
	}{
		{"id", "4711", "4711"}, {"id", "true", "true"}, {"id", 4711.0, nil}, {"id", true, nil},
		{"rows", "4711", int64(4711)}, {"rows", "-3", int64(-3)}, {"rows", "0", int64(0)}, {"rows", 4711.0, int64(4711)},
		{"rows", "5001", nil}, {"rows", "+3", nil}, {"rows", "007", nil}, {"rows", "-0", nil}, {"rows", "0x10", nil}, {"rows", "1_0", nil}, {"rows", "1e2", nil},
		{"rows", "3.0", nil}, {"rows", " 3", nil}, {"rows", "", nil}, {"rows", "many", nil}, {"rows", "true", nil}, {"rows", "99999999999999999999", nil},
		{"dry", "true", true}, {"dry", "false", false}, {"dry", false, false}, {"dry", "TRUE", nil}, {"dry", "1", nil}, {"dry", "", nil}, {"dry", "yes", nil},
	} {
		e := set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now,
			Request: access.RequestInput{Reason: "a good reason", Params: map[string]any{c.name: c.value}}})
		require.Equal(t, c.want != nil, e.Err() == nil, "%s %#v: %v", c.name, c.value, e.Err())
		if c.want != nil {
			require.Equal(t, map[string]any{c.name: c.want}, e.Draft.Params)
		}
	}
}
