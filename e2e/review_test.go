package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// weeklyReport is the part of a review that tests read.
type weeklyReport struct {
	Findings []weeklyFinding
	Unknown  []string
}

type weeklyFinding struct {
	ID, Kind, Contract, Sentence string
	Mark                         *struct{ Kind, By, Reason string }
	Proposal                     *struct{ Field, From, To, Patch, Problem string }
}

// reviews returns a review as the command line prints it for a program.
func (p *person) reviews(args ...string) (r weeklyReport) {
	p.in.Helper()
	out, err := p.ramp(append([]string{"review", "-o", "json"}, args...)...)
	require.NoError(p.in, err, out)
	require.NoError(p.in, json.Unmarshal([]byte(out), &r), out)
	return r
}

func (r weeklyReport) of(in *installation, kind string) weeklyFinding {
	in.Helper()
	i := slices.IndexFunc(r.Findings, func(f weeklyFinding) bool { return f.Kind == kind })
	require.GreaterOrEqual(in, i, 0, "no %s among %+v", kind, r)
	return r.Findings[i]
}

// TestWeeklyReview: what was asked for is reviewed at once by the command line, and by the
// server for a week; an owner proposes the change that a finding offers, and people mark
// findings by the command line and with the keyboard on the page.
func TestWeeklyReview(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) {
		c.section("server")["proposals"] = doc{"contract": "change-contracts"}
		c.section("server")["review"] = doc{"security": []string{"security"}, "zone": "Europe/Berlin", "thresholds": doc{"denialsLeast": 1, "useLeast": 1, "maxOver": 1}}
		c.section("worker", "targets")["contracts"] = doc{"kind": "contracts"}
	})
	require.NoError(t, os.RemoveAll(filepath.Join(in.dir, "contracts")))
	require.NoError(t, os.Mkdir(filepath.Join(in.dir, "contracts"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(in.dir, "contracts", "c.yaml"), []byte(proposable), 0o600))
	in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", in.config()).ready()
	alice, bob, carol := in.as("alice"), in.as("bob"), in.as("carol")

	used := alice.asks("host", "15m")
	bob.approves(used)
	alice.awaits(used.ID, "active", time.Minute)
	require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+used.ID+"/release", map[string]any{"reason": "done"}, nil))
	alice.awaits(used.ID, "ended", time.Minute)
	for range 3 {
		denied := alice.asks("host", "20m")
		require.Equal(t, http.StatusOK, bob.call("POST", "/api/v1/requests/"+denied.ID+"/decision", map[string]any{"decision": "deny", "planDigest": denied.Plan.Digest, "comment": "not tonight"}, nil))
		alice.awaits(denied.ID, "denied", time.Minute)
	}

	// Made now, and kept nowhere.
	made := carol.reviews("--since", "1h")
	width := made.of(in, "max_over_use")
	require.Equal(t, "host", made.of(in, "denials_repeat").Contract)
	require.Equal(t, width, bob.reviews("--since", "1h", "--owner", "approvers").of(in, "max_over_use"))
	out, err := alice.ramp("review", "--since", "1h")
	require.Error(t, err)
	require.Contains(t, out, "the owners of contracts read reviews")
	out, err = carol.ramp("review", "--since", "1h", "--owner", "approver")
	require.Error(t, err)
	require.Contains(t, out, "it has those of approvers")

	// Made by an auditor, with no server.
	archive := filepath.Join(t.TempDir(), "sample.zip")
	keys := []string{"--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub")}
	out, err = carol.ramp(append([]string{"audit", "pack", "--since", "1h", "--into", archive}, keys...)...)
	require.NoError(t, err, out)
	own := (&person{in: in, token: "none"}).reviews(append([]string{"--from", archive}, keys...)...)
	require.Len(t, own.Findings, 1, "with the usual thresholds")
	require.Equal(t, made.of(in, "denials_repeat"), own.of(in, "denials_repeat"))
	require.Contains(t, own.Unknown[len(own.Unknown)-1], "It is made of a sample")
	rezip(t, archive, archive, func(name, content string) (string, string) {
		return name, strings.ReplaceAll(content, "denied", "wished")
	})
	out, err = carol.ramp(append([]string{"review", "--from", archive}, keys...)...)
	require.Error(t, err)
	require.NotContains(t, out, "findings")

	// The change that it offers, as a patch and as a request that owners decide.
	require.Equal(t, "duration.max", width.Proposal.Field)
	out, err = bob.ramp("review", "propose", width.ID, "--since", "1h", "--patch")
	require.NoError(t, err, out)
	require.Contains(t, out, fmt.Sprintf("-duration: {default: 15m, max: 1h}\n+duration: {default: %[1]s, max: %[1]s}\n", width.Proposal.To))
	out, err = bob.ramp("review", "propose", made.of(in, "denials_repeat").ID, "--since", "1h")
	require.Error(t, err)
	require.Contains(t, out, "offers no change of a contract")
	var proposed request
	in.eventually(time.Minute, "the worker serves the target of contracts", func() bool {
		out, err = bob.ramp("review", "propose", width.ID, "--since", "1h", "-o", "json")
		return err == nil
	})
	require.NoError(t, json.Unmarshal([]byte(out), &proposed), out)
	require.Equal(t, "pending", proposed.State)
	require.Equal(t, "change-contracts", proposed.Contract)

	// A week passes: whoever owns the database makes it so, which the review says.
	in.rewritesLedger(fmt.Sprintf(`UPDATE events SET at = at - %d`, (10 * 24 * time.Hour).Microseconds()))
	for kind, later := range map[string]time.Duration{"access.active": 3 * time.Minute, "access.ended": 9 * time.Minute} { // so that there are a wait and hours to draw
		in.rewritesLedger(fmt.Sprintf(`UPDATE events SET at = at + %d WHERE kind = '%s'`, later.Microseconds(), kind))
	}
	in.eventually(3*time.Minute, "the server makes the review of the week", func() bool {
		_, err := carol.ramp("review")
		return err == nil
	})
	kept := carol.reviews()
	require.Contains(t, strings.Join(kept.Unknown, "\n"), "are not those of the log that Ramp signed")
	marked := kept.of(in, "denials_repeat")
	out, err = carol.ramp("review", "mark", marked.ID, "dismissed", "--reason", "short")
	require.Error(t, err)
	require.Contains(t, out, "say why")
	out, err = carol.ramp("review", "mark", marked.ID, "dismissed", "--reason", "he asked on the wrong day")
	require.NoError(t, err, out)
	require.Equal(t, "carol", carol.reviews().of(in, "denials_repeat").Mark.By)
	out, err = bob.ramp("review", "--owner", "approvers")
	require.NoError(t, err, out)
	require.Contains(t, out, "dismissed by carol")

	reviewInPage(in, in.browser(), kept.of(in, "max_over_use").ID)
}

// reviewInPage: the page is read and findings are marked with the keyboard alone.
func reviewInPage(in *installation, b *browser, id string) {
	carol := b.as(in, "carol")
	carol.opens("/review")
	at := "#finding-" + id
	require.Contains(in, carol.reads(at), "longer than is used")
	eval[bool](carol, `(document.querySelector("`+at+` details.mark summary").focus(), true)`)
	keys := func(text string) { in.Helper(); carol.do(chromedp.KeyEvent(text)) }
	keys(kb.Enter)
	keys(kb.Tab)
	keys("it is lowered next week")
	require.Equal(in, "it is lowered next week", carol.value("#reason-"+id))
	keys(kb.Tab + kb.Enter)
	carol.sees(at + ".marked")
	require.Contains(in, carol.reads(at+" .said"), "accepted by carol")
	require.Contains(in, carol.reads(at+" .said"), "it is lowered next week")
	looksOfReview(in, carol)

	plain := b.as(in, "carol", withoutJavaScript())
	plain.opens("/review")
	require.Contains(in, plain.reads(at+" .said"), "accepted by carol")
	plain.sees("#chart-heat svg")
}

// looksOfReview: each chart has its figures as a table, and nothing is wider than the window
// on a screen, in the dark, on paper and on a phone. With -artifacts it keeps the pictures.
func looksOfReview(in *installation, t *tab) {
	t.sees("p.terms") // the last of the page: what came after the redirect is all there
	require.Equal(in, []string{"chart-outcomes", "chart-to-access", "chart-heat", "chart-timeline"}, eval[[]string](t, `[...document.querySelectorAll("figure.chart")].map(f => f.id)`))
	require.True(in, eval[bool](t, `[...document.querySelectorAll("figure.chart")].every(f => f.querySelector("svg[role=img]") && f.querySelector("table tbody tr th"))`), "each has its figures")
	for _, look := range []struct {
		name, media, colours string
		width                int64
	}{{"light", "screen", "light", 1280}, {"dark", "screen", "dark", 1280}, {"paper", "print", "light", 794}, {"phone", "screen", "light", 375}} {
		t.do(chromedp.EmulateViewport(look.width, 900), call(emulation.SetEmulatedMedia,
			emulation.SetEmulatedMediaParams{Media: look.media, Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: look.colours}}}))
		require.LessOrEqual(in, eval[int64](t, `document.documentElement.scrollWidth`), look.width, look.name)
		require.NoError(in, os.WriteFile(filepath.Join(in.ArtifactDir(), "review-"+look.name+".png"), get(t, chromedp.FullScreenshot(100)), 0o600))
	}
}
