package api

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase64FieldsAtEveryDepth: a body is read one way only, however deep the field.
func TestCase64FieldsAtEveryDepth(t *testing.T) {
	type body struct {
		Decision string             `json:"decision"`
		Passkey  *access.Assertion  `json:"passkey"`
		Params   map[string]any     `json:"params"`
		List     []access.Assertion `json:"list"`
	}
	for text, want := range map[string]string{ // field and code
		`{"passkey":{"credentialId":"a","CREDENTIALID":"b"}}`:                  "passkey.CREDENTIALID unknown_field",
		`{"passkey":{"credentialId":"a","credentialId":"b"}}`:                  "passkey.credentialId field_twice",
		`{"passkey":{"credentialId":"a","credential\u0049d":"b"}}`:             "passkey.credentialId field_twice",
		`{"passkey":{"credentialId":"a","other":"b"}}`:                         "passkey.other unknown_field",
		`{"list":[{"signature":"a"},{"Signature":"a"}]}`:                       "list[1].Signature unknown_field",
		`{"Decision":"approve"}`:                                               "Decision unknown_field",
		`{"decision":"approve","decision":"deny"}`:                             "decision field_twice",
		`{"params":{"a":1,"a":2}}`:                                             "params.a field_twice",
		`{"params":{"a":{"b":1,"b":2}}}`:                                       "params.a.b field_twice",
		`{"params":{"a":[{"b":1},{"b":1,"b":2}]}}`:                             "params.a[1].b field_twice",
		`{"params":` + strings.Repeat(`[`, 33) + strings.Repeat(`]`, 33) + `}`: " json_malformed",
		`{"decision":"approve"`:                                                " json_malformed",
		`{"decision":"approve"}{}`:                                             " json_malformed",
		`{"passkey":["a"]}`:                                                    "passkey wrong_type",
		`{"":1}`:                                                               " unknown_field",
		`{"-":1}`:                                                              "- unknown_field",
	} {
		var into body
		err := read(post(text), &into, false)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), text)
		require.Equal(t, want, access.IssuesOf(err)[0].Field+" "+access.IssuesOf(err)[0].Code, text)
	}
	var into body
	require.NoError(t, read(post(`{"decision":"approve","passkey":{"credentialId":"a"},"params":{"A":1,"a":2,"x":{"A":[1,{"a":2}]}},"list":[{},{"signature":"s"}]}`), &into, false))
	require.Equal(t, "a", into.Passkey.CredentialID)
}
