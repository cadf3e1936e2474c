package e2e

import (
	"context"
	"os/exec"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/fetch"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// browser is one Chromium; each person has a context of their own in it, as
// with browsers of their own.
type browser struct {
	in  *installation
	ctx context.Context
}

func (in *installation) browser() *browser {
	in.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	require.NotEmpty(in, path, "these tests drive a real browser, and there is none: install Debian's package chromium")
	flags := []chromedp.ExecAllocatorOption{chromedp.ExecPath(path), chromedp.UserDataDir(in.TempDir()), chromedp.Headless,
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.WSURLReadTimeout(time.Minute)}
	for _, name := range []string{"disable-quic", "disable-background-networking", "disable-component-update", "disable-sync"} {
		flags = append(flags, chromedp.Flag(name, true))
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), flags...)
	in.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	in.Cleanup(cancel)
	require.NoError(in, chromedp.Do(ctx), "Chromium does not start")
	return &browser{in: in, ctx: ctx}
}

// tab is one person's window.
type tab struct {
	in  *installation
	ctx context.Context
}

type step = chromedp.Action[chromedp.Void]

// as opens a window and logs in at the identity provider.
func (b *browser) as(in *installation, name string, before ...step) *tab {
	in.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	in.Cleanup(cancel)
	require.NoError(in, chromedp.Do(ctx)) // the window lives as long as ctx, not as the first step
	t := &tab{in: in, ctx: ctx}
	t.do(before...)
	t.opens("/")
	t.clicks(`button[value="` + name + `"]`)
	t.sees("#offers")
	return t
}

// withoutJavaScript is for windows of people who have switched it off.
func withoutJavaScript() step {
	return call(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

const stepWithin = 60 * time.Second

func (t *tab) do(steps ...step) {
	t.in.Helper()
	get(t, chromedp.Steps(steps...))
}

// get runs one action, and on failure shows the page it failed on.
func get[T any](t *tab, a chromedp.Action[T]) T {
	t.in.Helper()
	ctx, cancel := context.WithTimeout(t.ctx, stepWithin)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		again, cancel := context.WithTimeout(t.ctx, 5*time.Second)
		defer cancel()
		where, _ := chromedp.Run(again, chromedp.Location())
		html, _ := chromedp.Run(again, chromedp.OuterHTML(chromedp.CSS("main")))
		t.in.Fatalf("%v at %s:\n%s", err, where, html)
	}
	return v
}

func (t *tab) opens(path string) {
	t.in.Helper()
	t.do(chromedp.Navigate(t.in.url() + path))
}

// opensWithout opens a page whose script at the address comes only once release is called.
func (t *tab) opensWithout(script, path string) (release func()) {
	t.in.Helper()
	t.do(call(fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: "*" + script}}}))
	paused := get(t, chromedp.WaitEvent(fetch.RequestPaused, func(fetch.EventRequestPaused) bool { return true }, chromedp.Navigate(t.in.url()+path)))
	return func() {
		t.in.Helper()
		t.do(call(fetch.ContinueRequest, fetch.ContinueRequestParams{RequestID: paused.RequestID}), call(fetch.Disable, cdp.Empty{}))
	}
}

// call is a step that sends the browser one command.
func call[P, R any](command cdp.Command[P, R], params P) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, t, command, params)
		return chromedp.Void{}, err
	}
}

func (t *tab) sees(selector string) {
	t.in.Helper()
	t.do(chromedp.WaitVisible(chromedp.CSS(selector)))
}

// clicks also where the click leaves the page.
func (t *tab) clicks(selector string) {
	t.in.Helper()
	t.do(chromedp.Click(chromedp.CSS(selector)))
}

func (t *tab) types(selector, text string) {
	t.in.Helper()
	t.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// reads the text of an element, as it is in the page's structure.
func (t *tab) reads(selector string) string {
	t.in.Helper()
	return strings.TrimSpace(get(t, chromedp.TextContent(chromedp.CSS(selector))))
}

func (t *tab) value(selector string) string {
	t.in.Helper()
	return get(t, chromedp.Value(chromedp.CSS(selector)))
}

// eval runs JavaScript in the page; a promise is waited for.
func eval[T any](t *tab, js string) T {
	t.in.Helper()
	return get(t, chromedp.Evaluate[T](js, chromedp.EvalAsValue, chromedp.EvalAwaitPromise))
}

// at is the path of the page.
func (t *tab) at() string {
	t.in.Helper()
	return strings.TrimPrefix(get(t, chromedp.Location()), t.in.url())
}

// is waits until the request's page shows a state.
func (t *tab) is(state string) {
	t.in.Helper()
	t.sees(`[data-live][data-state="` + state + `"]`)
}
