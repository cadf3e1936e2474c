package server

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// TestCase73SessionEndsWhileTyping: a form that is sent after its session has
// ended is kept in the page, whole, and can be sent again after a login; nothing
// is done without one.
func TestCase73SessionEndsWhileTyping(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	asBrowser := func(token, path string, form url.Values) (int, string) {
		w := f.callWith(token, "POST", path, "application/x-www-form-urlencoded", form.Encode(), "Accept", "text/html")
		return w.Code, w.Body.String()
	}
	const typed = "I looked at it; \"quotes\" & <tags>\nand a second line"
	for _, c := range []struct {
		path, page string
		form       url.Values
	}{
		{"/ask/ssh-demo", "/ask/ssh-demo", url.Values{"reason": {typed}, "duration": {"other"}, "durationOther": {"20m"}, "key": {"k"}}},
		{"/requests/" + r.ID + "/decision", "/requests/" + r.ID, url.Values{"decision": {"deny"}, "comment": {typed}, "planDigest": {r.Plan.Digest}}},
	} {
		before := f.temporal.messages.Load()
		status, page := asBrowser("", c.path, c.form)
		require.Equal(t, http.StatusUnauthorized, status)
		require.Equal(t, before, f.temporal.messages.Load())
		require.Contains(t, page, "Your session has ended")
		require.Contains(t, page, `href="/auth/login?next=`+strings.ReplaceAll(c.page, "/", "%2f")+`"`)
		require.Contains(t, page, `action="`+c.path+`"`)
		kept := url.Values{}
		for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
			kept.Add(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
		}
		require.Equal(t, c.form, kept)
		who := map[bool]string{true: "alice", false: "bob"}[strings.HasPrefix(c.path, "/ask")]
		status, _ = asBrowser(f.token(who), c.path, kept)
		require.Equal(t, http.StatusSeeOther, status, "sent again, it is done")
		require.Greater(t, f.temporal.messages.Load(), before)
	}
	w := f.callWith("", "POST", "/ask/ssh-demo", "application/x-www-form-urlencoded", "reason=x", "Accept", "text/html", "Origin", "https://evil.example")
	require.Equal(t, http.StatusForbidden, w.Code, "no other site's page is shown one of ours with its own text")
	require.NotContains(t, w.Body.String(), "Send again")
}
