package server

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestRequestInTheNextWindow: a request outside of its contract's windows is planned into the
// next one that is long enough, which the signed plan that people approve says; without
// being asked for it, it is refused. It cannot be asked for together with a start; where there are no windows,
// the request starts at once.
func TestRequestInTheNextWindow(t *testing.T) {
	day := time.Now().UTC().Add(48 * time.Hour)
	opens := time.Date(day.Year(), day.Month(), day.Day(), 8, 0, 0, 0, time.UTC)
	f := newFixtureWith(t, func(f *fixture, _ *Deps) {
		text := strings.Replace(accountContract, "name: account-read", "name: in-windows", 1)
		text = strings.Replace(text, "    account: {type: string, required: true, choices: {from: aws/prod, list: accounts, where: 'choice.owner == person.id', max: 500}}\n", "", 1)
		text = strings.Replace(strings.Replace(text, "  params:\n", "", 1), "'{{ params.account }}'", "demo", 1)
		text += "during: {zone: UTC, windows: [{days: [" + strings.ToLower(opens.Weekday().String()[:3]) + "], from: '08:00', to: '09:00'}]}\n"
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "windows.yaml"), []byte(text), 0o600))
	})
	ask := func(contract, more string) (int, string) {
		w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "`+contract+`", "reason": "because it is needed then"`+more+`}`)
		return w.Code, w.Body.String()
	}
	code, body := ask("in-windows", "")
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "outside_window")
	code, body = ask("in-windows", `, "inNextWindow": true`)
	require.Equal(t, http.StatusCreated, code, body)
	var r access.Request
	require.NoError(t, json.Unmarshal([]byte(body), &r))
	require.NotNil(t, r.Plan.StartAt)
	require.Equal(t, opens, *r.Plan.StartAt)
	for more, issue := range map[string]string{
		`, "inNextWindow": true, "startAt": "` + opens.Format(time.RFC3339) + `"`: "start_twice",
		`, "inNextWindow": true, "duration": "61m"`:                               "duration_over_max",
	} {
		code, body = ask("in-windows", more)
		require.Equal(t, http.StatusBadRequest, code, body)
		require.Contains(t, body, issue)
	}
	code, body = ask("ssh-demo", `, "inNextWindow": true`)
	require.Equal(t, http.StatusCreated, code, body)
	r = access.Request{}
	require.NoError(t, json.Unmarshal([]byte(body), &r))
	require.Nil(t, r.Plan.StartAt, "a contract without windows is always in one")
}
