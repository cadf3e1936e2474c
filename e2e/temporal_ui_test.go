package e2e

import (
	"regexp"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// temporalUI: an operator who is logged in to Ramp reads a workflow in the
// Temporal UI, in the same browser; anybody else who is logged in sees that it is
// encrypted. Cookies, origins and the UI's settings are the real ones.
func temporalUI(in *installation, b *browser) {
	alice, oscar := b.as(in, "alice"), b.as(in, "oscar")
	id := alice.asksInForm("is this read in the Temporal UI")
	in.as("bob").approves(in.as("bob").sees(id))
	alice.is("active")
	alice.clicks("#release")
	alice.is("ended")
	// The UI renders summaries and details in frames.
	shown := func(t *tab) string {
		return eval[string](t, `document.body.innerText + [...document.querySelectorAll("iframe")].map(f => f.contentDocument?.body?.innerText).join("\n")`)
	}
	shows := func(t *tab, path, pattern string) {
		in.Helper()
		t.do(chromedp.Navigate("http://" + in.addr("ui") + "/namespaces/default/workflows/" + path))
		in.eventually(stepWithin, "the UI shows "+pattern, func() bool { return regexp.MustCompile(pattern).MatchString(shown(t)) })
	}
	in.Cleanup(func() {
		if in.Failed() {
			in.Log(shown(oscar))
			in.Log(shown(alice))
		}
	})
	shows(oscar, id, `"contract": "ssh-demo"`) // the plan, in clear
	run := strings.Split(get(oscar, chromedp.Location()), "/")[7]
	shows(oscar, id+"/"+run+"/user-metadata", `alice asks for ssh-demo \(log in to [\s\S]*Ended \(released\)`)

	shows(alice, id, `Input\s+[^{]*"[0-9A-Za-z+/]{500,}=*"`)
	require.NotContains(in, shown(alice), `"contract": "ssh-demo"`)

	var page struct {
		Items []struct{ Actor string }
	}
	in.as("carol").call("GET", "/api/v1/audit?kind=payload.decoded", nil, &page)
	require.NotEmpty(in, page.Items, "readings are recorded")
	for _, e := range page.Items {
		require.Equal(in, "oscar", e.Actor)
	}
}
