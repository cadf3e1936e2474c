package server

import (
	"net/http"
	"net/url"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// TestPeopleChooseTheirNotices: by the API and the page, for themselves alone, recorded; what
// is no channel, topic or zone changes nothing.
func TestPeopleChooseTheirNotices(t *testing.T) {
	f := newFixture(t)
	alice := f.token("alice")
	chooses := func(body string) (int, string) {
		w := f.call(alice, "POST", "/api/v1/me/notices", jsonType, body)
		return w.Code, w.Body.String()
	}
	code, body := chooses(`{"off":{"mail":["reminders","handled","reminders"]},"zone":"Europe/Berlin"}`)
	require.Equal(t, http.StatusOK, code, body)
	const settings = `{"off":{"mail":["handled","reminders"]},"zone":"Europe/Berlin","channels":[{"name":"mail","topics":["decisions","handled","requests","reminders"]}]}`
	require.JSONEq(t, settings, body)
	for bad, says := range map[string]string{
		`{"off":{"slack":["requests"]}}`:   "notice_channel",
		`{"off":{"mail":["break_glass"]}}`: "notice_topic",
		`{"zone":"Mars/Olympus"}`:          "notice_zone",
		`{"zone":"Local"}`:                 "notice_zone",
		`{"zone":"../../etc/passwd"}`:      "notice_zone",
		`{"offf":{}}`:                      "offf",
		`{"off":{"mail":"handled"}}`:       "off",
	} {
		code, body := chooses(bad)
		require.Equal(t, http.StatusBadRequest, code, bad)
		require.Contains(t, body, says, bad)
	}
	require.JSONEq(t, settings, f.call(alice, "GET", "/api/v1/me/notices", "", "").Body.String())
	require.NotContains(t, f.call(f.token("bob"), "GET", "/api/v1/me/notices", "", "").Body.String(), "handled\"]},")
	all, err := f.ledger.Events(t.Context(), ledger.EventFilter{})
	require.NoError(t, err)
	events := slices.DeleteFunc(all, func(e access.Event) bool { return e.Kind != access.EventNoticesChosen })
	require.Len(t, events, 1)
	require.Equal(t, "alice", events[0].Actor)
	require.Equal(t, "handled, reminders", events[0].Detail["off_mail"])

	page := f.call(alice, "GET", "/you", "", "").Body.String()
	require.Contains(t, page, `name="mail/decisions" value="on" aria-label="Mail: what waits for your decision" checked`)
	require.NotContains(t, page, `name="mail/handled" value="on" aria-label="Mail: what you were asked to decide, once others have" checked`)
	form := url.Values{"mail/decisions": {"on"}, "mail/handled": {"on"}, "mail/reminders": {"on"}, "zone": {" "}}
	require.Equal(t, http.StatusSeeOther, f.call(alice, "POST", "/you/notices", "application/x-www-form-urlencoded", form.Encode()).Code)
	require.JSONEq(t, `{"off":{"mail":["requests"]},"channels":[{"name":"mail","topics":["decisions","handled","requests","reminders"]}]}`,
		f.call(alice, "GET", "/api/v1/me/notices", "", "").Body.String())

	w := f.call(f.token("alice-agent"), "POST", "/api/v1/me/notices", jsonType, `{}`)
	require.Equal(t, http.StatusForbidden, w.Code)
	require.Contains(t, w.Body.String(), "not_human")
}
