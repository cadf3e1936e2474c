package e2e

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
)

// secrets are what must be nowhere but where it is kept: what it is, and how it
// reads.
type secrets map[string][]string

// add takes the pieces by which a copy would be recognised, even one that a
// database has cut into pages: the start, the middle and the end.
func (s secrets) add(t *testing.T, what, secret string) {
	const piece = 18
	require.GreaterOrEqual(t, len(secret), piece, what)
	for _, at := range []int{0, (len(secret) - piece) / 2, len(secret) - piece} {
		part := secret[at : at+piece]
		s[what] = append(s[what], part)
		for shift := range 3 { // as base64, wherever it begins in a group of three
			b := base64.StdEncoding.EncodeToString([]byte("xx"[:shift] + part))
			s[what] = append(s[what], b[(shift*8+5)/6:len(b)-4])
		}
	}
}

// in names what is found in a text.
func (s secrets) in(text []byte) (found []string) {
	for what, parts := range s {
		for _, part := range parts {
			if bytes.Contains(text, []byte(part)) {
				found = append(found, what)
				break
			}
		}
	}
	return found
}

const markedReason = "the marked reason of this request"

// TestCase41NoSecretIsStored lives through a request on each kind of target,
// everything logging all it can, then searches every file, database, log, page
// and answer, and Temporal's histories decrypted, for every secret that was there.
// What people wrote as their reason is in no log (docs/threats.md, case 48).
func TestCase41NoSecretIsStored(t *testing.T) {
	t.Parallel()
	in := install(t)
	vault, aws := vaulttest.Start(t), awstest.Start(t)
	in.env = aws.Environ()
	vault.Policy(t, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	vault.Policy(t, "ramp", vaulttoken.Policy("orders-read"))
	vaultToken := vault.Token(t, "ramp")
	logs := map[string]*process{"engine": in.start(nil, "dev", "--without", "server,worker", "--scim", "--log-level", "debug")}
	in.configured()
	clientSecret := rand.Text()
	in.targets(vault, vaultToken, aws, clientSecret)
	logs["worker"] = in.start(nil, "worker", "--config", in.config(), "--log-level", "debug")
	logs["server"] = in.start(nil, "server", "--config", in.config(), "--log-level", "debug").ready()
	alice, bob, carol := in.as("alice"), in.as("bob"), in.as("carol")

	all := secrets{}
	all.add(t, "Ramp's Vault token", vaultToken)
	all.add(t, "client secret", clientSecret)
	scim, err := os.ReadFile(filepath.Join(in.dir, "scim.token"))
	require.NoError(t, err)
	all.add(t, "SCIM token", strings.TrimSpace(string(scim)))
	all.add(t, "Ramp's AWS secret", aws.Env["AWS_SECRET_ACCESS_KEY"])
	for _, p := range []*person{alice, bob, carol} {
		all.add(t, "bearer token of "+p.name, p.token[strings.LastIndex(p.token, ".")+1:])
	}
	session, pages := in.visits("alice")
	all.add(t, "session", session)

	var told []string // by the API and the command line
	for _, contract := range []string{"chaos-ssh", "chaos-vault", "chaos-aws"} {
		var r request
		in.eventually(3*time.Minute, contract+" can be asked for", func() bool {
			status, raw, err := alice.try("POST", "/api/v1/requests", map[string]any{"contract": contract, "duration": "9m", "reason": markedReason})
			return err == nil && status == http.StatusCreated && json.Unmarshal(raw, &r) == nil
		})
		bob.approves(r)
		alice.awaits(r.ID, "active", time.Minute)
		out, err := alice.creds(t.Context(), r.ID)
		require.NoError(t, err)
		var c struct{ Env, Files map[string]string }
		require.NoError(t, json.Unmarshal(out, &c))
		for name, value := range map[string]string{"VAULT_TOKEN": c.Env["VAULT_TOKEN"], "AWS_SECRET_ACCESS_KEY": c.Env["AWS_SECRET_ACCESS_KEY"],
			"AWS_SESSION_TOKEN": c.Env["AWS_SESSION_TOKEN"], "SSH private key": line(c.Files["id"])} {
			if value != "" {
				all.add(t, name+" of "+contract, value)
			}
		}
		_, err = bob.creds(t.Context(), r.ID)
		require.Error(t, err, "the approver gets no credential")
		require.Equal(t, http.StatusOK, alice.call("POST", "/api/v1/requests/"+r.ID+"/release", map[string]any{}, nil))
		alice.awaits(r.ID, "ended", time.Minute)
		for _, path := range []string{"", "/evidence"} {
			_, raw, err := carol.try("GET", "/api/v1/requests/"+r.ID+path, nil)
			require.NoError(t, err)
			told = append(told, string(raw))
		}
		_, raw, err := alice.try("GET", "/api/v1/requests/"+r.ID, nil)
		require.NoError(t, err)
		told = append(told, string(raw), in.page(session, "/requests/"+r.ID))
	}
	payload, err := os.ReadFile(filepath.Join(in.dir, "keys", "payload.key"))
	require.NoError(t, err)
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(payload)))
	require.NoError(t, err)
	all.add(t, "payload key", string(raw)) // and so its base64
	for _, name := range []string{"server.key", "worker.key"} {
		all.signingKey(t, filepath.Join(in.dir, "keys", name))
	}
	require.Subset(t, kinds(all), []string{"VAULT_TOKEN of chaos-vault", "AWS_SECRET_ACCESS_KEY of chaos-aws", "AWS_SESSION_TOKEN of chaos-aws", "SSH private key of chaos-ssh"})
	for _, args := range [][]string{{"audit", "export", "--key", filepath.Join(in.dir, "keys", "server.pub")}, {"ls", "-o", "json"}} {
		out, err := carol.ramp(args...)
		require.NoError(t, err, out)
		told = append(told, out)
	}
	for i, text := range append(told, pages...) {
		require.Empty(t, all.in([]byte(text)), "told to people, number %d", i)
	}
	for name, p := range logs {
		said := p.out.tail(1 << 30)
		require.NotEmpty(t, said, name)
		require.Empty(t, all.in([]byte(said)), "in the log of %s", name)
		require.NotContains(t, said, markedReason, "in the log of %s", name)
	}
	in.searches(all)
}

// searches looks through every file of the installation, databases too, and
// through the histories decrypted. The reason must be found in these and in the
// ledger, or the search would prove nothing; in what Temporal keeps it must not.
func (in *installation) searches(all secrets) {
	in.Helper()
	kept := map[string]string{ // each secret's own place
		"keys/server.key": "signing key server.key", "keys/worker.key": "signing key worker.key", "keys/payload.key": "payload key", "scim.token": "SCIM token"}
	reason, reasons := secrets{}, map[string]bool{}
	reason.add(in.T, "reason", markedReason)
	for _, file := range files(in.T, in.dir) {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it went meanwhile
		}
		name, err := filepath.Rel(in.dir, file)
		require.NoError(in, err)
		if len(reason.in(b)) > 0 {
			reasons[strings.Split(name, string(filepath.Separator))[0]] = true
		}
		for _, what := range all.in(b) {
			require.Equal(in, kept[name], what, "%s is in %s", what, name)
		}
	}
	require.False(in, reasons["temporal"], "Temporal keeps a reason in clear")
	raw, decoded := in.histories()
	require.NotEmpty(in, reason.in(decoded), "the test reads histories")
	require.Empty(in, reason.in(raw), "Temporal answers a reason in clear")
	require.Empty(in, all.in(decoded), "in a history")
	require.True(in, reasons["ledger.db"] || reasons["ledger.db-wal"], "%v", reasons)
}

func kinds(s secrets) (out []string) {
	for what := range s {
		out = append(out, what)
	}
	return out
}

// line is the middle one of a PEM file: no header, and nothing that two keys
// share.
func line(pem string) string {
	lines := strings.Split(strings.TrimSpace(pem), "\n")
	return lines[len(lines)/2]
}

func (s secrets) signingKey(t *testing.T, path string) {
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	block, _ := pem.Decode(b)
	require.NotNil(t, block)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	seed := key.(ed25519.PrivateKey).Seed()
	what := "signing key " + filepath.Base(path)
	s.add(t, what, string(seed))
	s.add(t, what, hex.EncodeToString(seed))
}

// targets adds a Vault, an AWS account and a client's secret to the configuration.
func (in *installation) targets(vault *vaulttest.Server, token string, aws *awstest.Server, clientSecret string) {
	c := in.configuration()
	targets := c.section("worker", "targets")
	targets["vault/chaos"] = map[string]any{"kind": "vault", "address": vault.Address,
		"token": "file:" + vaulttest.TokenFile(in.T, token), "policies": []string{"orders-read"}}
	targets["aws/chaos"] = map[string]any{"kind": "aws", "region": awstest.Region, "account": awstest.Account,
		"endpoint": aws.Endpoint, "worker": aws.Worker, "boundary": aws.Boundary, "consistency": "3s",
		"allow": []any{map[string]any{"actions": []string{"s3:GetObject"}, "resources": []string{"arn:aws:s3:::orders*"}}}}
	secret := filepath.Join(in.TempDir(), "client-secret")
	require.NoError(in, os.WriteFile(secret, []byte(clientSecret), 0o600))
	c.section("server", "identity")["clientSecret"] = "file:" + secret
	c.write(in.config())
	require.NoError(in, os.WriteFile(filepath.Join(in.dir, "contracts", "chaos.yaml"), []byte(chaosContracts), 0o644))
}

// visits logs somebody in with a browser's session and reads their pages.
func (in *installation) visits(who string) (session string, pages []string) {
	in.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(in, err)
	browser := &http.Client{Jar: jar, Timeout: 30 * time.Second}
	res, err := browser.Get(in.url() + "/auth/login?next=/")
	require.NoError(in, err)
	res.Body.Close()
	res, err = browser.PostForm(res.Request.URL.String(), url.Values{"id": {res.Request.URL.Query().Get("id")}, "person": {who}})
	require.NoError(in, err)
	res.Body.Close()
	require.Equal(in, in.url()+"/", res.Request.URL.String(), "logged in")
	at, err := url.Parse(in.url())
	require.NoError(in, err)
	for _, c := range jar.Cookies(at) {
		session = c.Value
	}
	for _, path := range []string{"/", "/inbox", "/requests", "/you"} {
		pages = append(pages, in.page(session, path))
	}
	return session, pages
}

func (in *installation) page(session, path string) string {
	in.Helper()
	r, err := http.NewRequest("GET", in.url()+path, nil)
	require.NoError(in, err)
	r.Header.Set("Accept", "text/html")
	r.AddCookie(&http.Cookie{Name: "ramp_session", Value: session})
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(r)
	require.NoError(in, err)
	defer res.Body.Close()
	require.Equal(in, http.StatusOK, res.StatusCode, path)
	b, err := io.ReadAll(res.Body)
	require.NoError(in, err)
	return string(b)
}
