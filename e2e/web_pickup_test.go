package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	control "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// pickUpInPage: the credential is opened with a key that the page made, and the
// real ssh client gets in with what was downloaded.
func pickUpInPage(in *installation, b *browser) {
	down := in.TempDir()
	alice := b.as(in, "alice", downloadsTo(down))
	id := alice.asksInForm("look at the host with a key from the page")
	in.as("bob").approves(in.as("bob").sees(id))
	alice.is("active")
	alice.clicks("[data-pick-up]")
	alice.sees("dialog#credential")
	alice.clicks("#keep-all")
	archive := filepath.Join(down, "ramp-"+id+".tar")
	in.eventually(60*time.Second, "the download", func() bool { _, err := os.Stat(archive); return err == nil })

	// As the page says, with a home of its own: ssh takes ~ from the user's
	// entry, not from HOME, so that the test puts its own in.
	home := in.TempDir()
	out, err := exec.Command("tar", "-xf", archive, "-C", home).CombinedOutput()
	require.NoError(in, err, "%s", out)
	k := key{in: in, dir: filepath.Join(home, "ramp-"+id)}
	info, err := os.Stat(filepath.Join(k.dir, "id"))
	require.NoError(in, err)
	require.Equal(in, os.FileMode(0o600), info.Mode().Perm(), "ssh refuses a key that others can read")
	config, err := os.ReadFile(filepath.Join(k.dir, "config"))
	require.NoError(in, err)
	require.Contains(in, string(config), `"~/.ramp/ramp-`+id+`/id"`)
	placed := strings.ReplaceAll(string(config), "~/.ramp", home)
	require.NoError(in, os.WriteFile(filepath.Join(k.dir, "config"), []byte(placed), 0o600))
	require.True(in, k.works(), "the real ssh client gets in")

	private, err := os.ReadFile(filepath.Join(k.dir, "id"))
	require.NoError(in, err)
	secret := strings.Split(string(private), "\n")[2]
	holds := func() bool {
		return eval[bool](alice, `JSON.stringify([document.documentElement.outerHTML, {...localStorage}, {...sessionStorage}, document.cookie, history.state]).includes("`+secret+`")`)
	}
	require.True(in, holds(), "the test knows what to look for")
	alice.clicks("#forget")
	alice.do(chromedp.WaitNotPresent(chromedp.CSS("dialog")))
	require.False(in, holds(), "closed is forgotten")
	wrongContext(in, alice, id)

	// Whatever ends the access takes an open credential off the screen.
	alice.clicks("[data-pick-up]")
	alice.sees("dialog#credential")
	require.Equal(in, 200, in.as("alice").call("POST", "/api/v1/requests/"+id+"/release", map[string]any{}, nil))
	alice.do(chromedp.WaitNotPresent(chromedp.CSS("dialog")))
	alice.is("ended")
	require.False(in, k.works(), "the credential is dead")
}

// wrongContext: a box that was sealed for one grant opens as no other's, and a
// box that was touched not at all.
func wrongContext(in *installation, t *tab, id string) {
	in.Helper()
	opened := eval[[]string](t, `(async () => {
		const { newRecipient } = await import("/static/hpke.js");
		const grant = document.querySelector("[data-pick-up]").dataset.pickUp, id = "`+id+`";
		const key = await newRecipient(), other = await newRecipient();
		const res = await fetch("/api/v1/requests/" + id + "/credentials", { method: "POST",
			headers: { "Content-Type": "application/json" }, body: JSON.stringify({ grant, recipient: key.public }) });
		const sealed = await res.json(), context = "ramp credential v1\0" + id + "\0" + grant;
		const touched = { ...sealed, box: sealed.box.slice(0, 100) + (sealed.box[100] === "A" ? "B" : "A") + sealed.box.slice(101) };
		const attempt = (name, opening) => opening.then(() => name, () => "");
		return (await Promise.all([
			attempt("right", key.open(sealed, context)),
			attempt("other grant", key.open(sealed, context + "x")),
			attempt("other key", other.open(sealed, context)),
			attempt("touched", key.open(touched, context)),
			attempt("other suite", key.open({ ...sealed, suite: "none" }, context)),
		])).filter(Boolean);
	})()`)
	require.Equal(in, []string{"right"}, opened)
}

func downloadsTo(dir string) step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		info, err := cdp.Call(ctx, t, target.GetTargetInfo, target.GetTargetInfoParams{TargetID: t.TargetID})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = chromedp.CallBrowser(ctx, control.SetDownloadBehavior, control.SetDownloadBehaviorParams{
			Behavior: control.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, BrowserContextID: info.TargetInfo.BrowserContextID})
		return chromedp.Void{}, err
	}
}
