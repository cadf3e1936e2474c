package e2e

import (
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// auditsInPage: an auditor finds a request and has the browser verify its events; an event
// that somebody then rewrites in the ledger's database is not verified, however the page
// is made.
func auditsInPage(in *installation, b *browser) {
	alice, carol := b.as(in, "alice"), b.as(in, "carol")
	id := alice.asksInForm("audited in the page")
	carol.clicks(`nav a[href="/audit"]`)
	carol.types("#person", "alice")
	carol.clicks("#search")
	carol.sees(`#person[value="alice"]`) // the page before it lists the request as well
	carol.sees(`a[href="/audit/requests/` + id + `"]`)
	require.Contains(in, carol.at(), "person=alice")
	carol.clicks(`a[href="/audit/requests/` + id + `"]`)
	carol.sees("#verify-now")
	require.Contains(in, carol.reads("#verified"), "Nothing on this page has been verified")
	carol.clicks("#verify-now")
	carol.sees(`#verify[data-result="good"]`)
	require.Contains(in, carol.reads("#verified"), "Verified by your browser")
	require.Contains(in, carol.reads("#verified"), "which this server gave")
	require.Equal(in, "✓ in the log", carol.reads("tr.good .mark"))
	leaf := eval[string](carol, `document.querySelector("tr[data-leaf]").dataset.leaf`)

	// A script, or an extension, that changes the page before it is verified.
	eval[string](carol, `document.querySelector('[data-is="actor"]').textContent = "bob"`)
	carol.clicks("#verify-now")
	carol.sees(`#verify[data-result="bad"]`)
	require.Contains(in, carol.reads("tr.bad .mark"), "the page shows something else: actor")

	in.rewritesLedger(`UPDATE events SET message = 'nothing to see' WHERE seq = ` + leaf + ` + 1`)
	for _, path := range []string{"/audit/requests/" + id, "/audit?show=events&request=" + id} {
		carol.opens(path)
		require.Contains(in, carol.reads("main"), "nothing to see")
		carol.clicks("#verify-now")
		carol.sees(`#verify[data-result="bad"]`)
		require.Contains(in, carol.reads(`tr[data-leaf="`+leaf+`"] .mark`), "it is not what was recorded")
		require.NotContains(in, carol.reads("#verified"), "Verified by")
	}
	in.rewritesLedger(`UPDATE events SET message = 'audited in the page' WHERE seq = ` + leaf + ` + 1`)
	carol.opens("/audit?show=events&request=" + id)
	carol.clicks("#verify-now")
	carol.sees(`#verify[data-result="good"]`)

	// The auditor's own copy of the key counts alone, also when the page is opened again.
	eval[bool](carol, `document.querySelector("#verify details").open = true`)
	carol.do(chromedp.SetValue(chromedp.CSS("#own-key"), "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"))
	eval[bool](carol, `document.getElementById("own-key").dispatchEvent(new Event("change"))`)
	carol.opens("/audit?show=events&request=" + id)
	carol.clicks("#verify-now")
	carol.sees(`#verify[data-result="bad"]`)
	require.Contains(in, carol.reads("#verified"), "Nothing was verified: the checkpoint of the log is not signed by the key")
	eval[bool](carol, `(localStorage.clear(), true)`)

	plain := b.as(in, "carol", withoutJavaScript())
	plain.opens("/audit?person=alice")
	require.Contains(in, plain.reads("#requests"), "audited in the page")
	plain.opens("/audit?show=events&request=" + id)
	require.Contains(in, plain.reads("#verify"), "This needs JavaScript")
	require.True(in, strings.HasSuffix(plain.reads("tr[data-leaf] time"), "UTC"))
	alice.clicks("#cancel")
	alice.is("cancelled")
}
