package evidence

import (
	"bytes"
	"encoding/json"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase64PackIsReadOneWay: a pack with a name twice, or in other letters, in any
// of its objects, is not read at all. Ramp would read the one, and say "proven", and
// the next tool the other.
func TestCase64PackIsReadOneWay(t *testing.T) {
	b, err := json.Marshal(whole(t).pack())
	require.NoError(t, err)
	_, err = ReadPack(bytes.NewReader(b))
	require.NoError(t, err)
	tried := 0
	for at := range b {
		if b[at] != '{' || at+1 == len(b) || b[at+1] != '"' || insideText(b[:at]) {
			continue
		}
		rest := string(b[at+1:])
		name := rest[:strings.Index(rest[1:], `"`)+2]
		for i, extra := range []string{name, strings.ToUpper(name), `"` + strings.ToUpper(name[1:2]) + name[2:]} {
			if i > 0 && strings.HasSuffix(string(b[:at]), `"detail":`) {
				continue // these are names of the event's own, and not fields
			}
			crafted := string(b[:at+1]) + extra + `:"another",` + rest
			_, err := ReadPack(strings.NewReader(crafted))
			require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s at %d", extra, at)
			tried++
		}
	}
	require.Greater(t, tried, 60)
	for _, tail := range []string{"{}", "null", "x", `{"requestId":"another"}`} {
		_, err := ReadPack(strings.NewReader(string(b) + tail))
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), tail)
	}
}

func insideText(b []byte) bool {
	return strings.Count(strings.ReplaceAll(string(b), `\"`, ""), `"`)%2 == 1
}

// TestCase64PayloadIsReadOneWay: a signature does not make a statement of two
// meanings one of one.
func TestCase64PayloadIsReadOneWay(t *testing.T) {
	s := signer()
	p := plan(lead)
	good, err := json.Marshal(p)
	require.NoError(t, err)
	ring := NewKeyring(s.Public())
	signed := func(payload string) Envelope {
		e, _, err := s.sign(TypePlan, []byte(payload))
		require.NoError(t, err)
		return e
	}
	_, err = ring.VerifyPlan(signed(string(good)))
	require.NoError(t, err)
	var names []string
	var fields map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(good, &fields))
	for name := range fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, spelled := range []string{name, strings.ToUpper(name)} {
			_, err := ring.VerifyPlan(signed(strings.TrimSuffix(string(good), "}") + `,"` + spelled + `":` + string(fields[name]) + `}`))
			require.Equal(t, access.CodeEvidence, access.CodeOf(err), spelled)
		}
	}
	for _, payload := range []string{string(good) + "{}", string(good) + "x", strings.Replace(string(good), `"rule":{`, `"rule":{"auto":true,"auto":false,`, 1),
		strings.Replace(string(good), `"rule":{`, `"rule":{"AUTO":true,`, 1), "{", "[]", "\xff"} {
		_, err := ring.VerifyPlan(signed(payload))
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), payload)
	}
}

// TestCase64EnvelopeIsReadOneWay: so is what the ledger stores around the payload.
func TestCase64EnvelopeIsReadOneWay(t *testing.T) {
	e, _, err := signer().SignPlan(plan(lead))
	require.NoError(t, err)
	b, err := json.Marshal(e)
	require.NoError(t, err)
	_, err = ReadEnvelope(b)
	require.NoError(t, err)
	for _, crafted := range []string{
		strings.Replace(string(b), `{`, `{"payload":"e30=",`, 1), strings.Replace(string(b), `{`, `{"Payload":"e30=",`, 1),
		strings.Replace(string(b), `"signatures":[{`, `"signatures":[{"sig":"",`, 1), string(b) + "{}", `{"other":1}`, ``,
	} {
		_, err := ReadEnvelope([]byte(crafted))
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), crafted)
	}
}
