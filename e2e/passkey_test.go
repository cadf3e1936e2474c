package e2e

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// withPasskeys gives a window a device that verifies its user, as a laptop with
// a fingerprint reader does.
func withPasskeys() step {
	return func(ctx context.Context, t *chromedp.Target) (chromedp.Void, error) {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return chromedp.Void{}, err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
			Options: &webauthn.VirtualAuthenticatorOptions{Protocol: "ctap2", Transport: "internal", HasResidentKey: true,
				HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
		return chromedp.Void{}, err
	}
}

// TestPasskey is the whole way in a real browser: a contract that wants a
// passkey, an approver without one, the page that makes one, the approval that
// the device signs, and the access that opens.
func TestPasskey(t *testing.T) {
	t.Parallel()
	in := install(t)
	in.named = true
	in.start(nil, "dev").ready()
	b := in.browser()
	alice, bob := in.as("alice"), in.as("bob")
	first := alice.asks("ssh-demo-passkey", "10m")

	tab := b.as(in, "bob", withPasskeys())
	tab.opens("/requests/" + first.ID)
	tab.sees("#no-passkey")
	require.True(t, eval[bool](tab, `document.getElementById("approve").disabled`))
	var problem struct{ Code string }
	require.Equal(t, 403, bob.call("POST", "/api/v1/requests/"+first.ID+"/decision",
		map[string]any{"decision": "approve", "planDigest": first.Plan.Digest}, &problem))
	require.Equal(t, "passkey_needed", problem.Code)
	out, err := bob.ramp("approve", first.ID)
	require.Error(t, err)
	require.Contains(t, out, in.url()+"/requests/"+first.ID, "the command line sends people to the browser")

	tab.clicks(`#no-passkey a`)
	tab.types("#name", "laptop")
	tab.clicks("#enrol")
	tab.sees("#made")
	require.Contains(t, tab.reads("#keys"), "laptop")
	require.Contains(t, tab.reads("#entry"), "publicKey:")
	file, err := os.ReadFile(filepath.Join(in.dir, "passkeys.yaml"))
	require.NoError(t, err)
	require.Contains(t, string(file), "laptop")

	tab.clicks("#name") // the same device again: the browser itself says so
	tab.types("#name", "again")
	tab.clicks("#enrol")
	tab.sees("[data-said]")
	require.Contains(t, tab.reads("[data-said]"), "has a passkey here already")

	tab.opens("/requests/" + first.ID)
	tab.clicks("#approve")
	tab.is("active")
	require.Contains(t, tab.reads(".verdict"), "signed with a passkey")

	// The evidence carries the assertion, and proves it to those who have the file.
	require.Equal(t, 200, alice.call("POST", "/api/v1/requests/"+first.ID+"/release", map[string]any{}, nil))
	alice.awaits(first.ID, "ended", 60*time.Second)
	pack := filepath.Join(t.TempDir(), "evidence.json")
	_, err = alice.ramp("evidence", "get", first.ID, "--into", pack)
	require.NoError(t, err)
	verify := []string{"evidence", "verify", pack, "--key", filepath.Join(in.dir, "keys", "server.pub"), "--worker-key", filepath.Join(in.dir, "keys", "worker.pub")}
	out, err = alice.ramp(verify...)
	require.Error(t, err, "%s", out)
	out, err = alice.ramp(append(verify, "--passkeys", filepath.Join(in.dir, "passkeys.yaml"))...)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "own passkey")

	// A key that is taken out of the file counts no more, at once.
	second := alice.asks("ssh-demo-passkey", "10m")
	require.NoError(t, os.WriteFile(filepath.Join(in.dir, "passkeys.yaml"), []byte("origin: "+in.url()+"\npeople: {}\n"), 0o600))
	tab.opens("/requests/" + second.ID)
	tab.sees("#no-passkey")
	tab.clicks("#deny")
	tab.is("denied")
}
