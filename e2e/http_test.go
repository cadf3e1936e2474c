package e2e

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// within is the same installation, whose failures are another test's.
func (in *installation) within(t *testing.T) *installation {
	return &installation{T: t, dir: in.dir, ports: in.ports}
}

// response holds one HTTP response, read as a problem where it is one.
type response struct {
	status int
	header http.Header
	body   string
	problem
}

type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Kind   string `json:"kind"`
	Code   string `json:"code"`
	Issues []struct {
		Code    string `json:"code"`
		Field   string `json:"field"`
		Message string `json:"message"`
	} `json:"issues"`
}

// send sends exactly what it is given, as an attacker or a mistake would.
func (in *installation) send(method, path, body string, header http.Header) response {
	in.Helper()
	req, err := http.NewRequest(method, in.url()+path, strings.NewReader(body))
	require.NoError(in, err)
	maps.Copy(req.Header, header)
	keep := &http.Client{Timeout: 60 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := keep.Do(req)
	require.NoError(in, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(in, err)
	a := response{status: res.StatusCode, header: res.Header, body: string(raw)}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/problem+json") {
		require.NoError(in, json.Unmarshal(raw, &a.problem), "%s", raw)
	}
	return a
}

// refuses checks that a response is a whole problem: its status, a stable code of
// the problem and of every issue, and words that help.
func (a response) refuses(t *testing.T, status int, code, says string) {
	t.Helper()
	require.Equal(t, status, a.status, "%s", a.body)
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"), "%s", a.body)
	require.Equal(t, status, a.problem.Status)
	require.Equal(t, code, a.Code, "%s", a.body)
	require.Equal(t, "urn:ramp:problem:"+code, a.Type)
	require.NotEmpty(t, a.Kind)
	require.Equal(t, http.StatusText(status), a.Title)
	require.Contains(t, a.Detail, says)
	for _, i := range a.Issues {
		require.NotEmpty(t, i.Code, "%s", a.body)
		require.NotEmpty(t, i.Message, "%s", a.body)
	}
}

func (a response) codes() []string {
	var out []string
	for _, i := range a.Issues {
		out = append(out, i.Code)
	}
	return out
}

func bearer(token string) http.Header {
	return http.Header{"Authorization": {"Bearer " + token}}
}

func jsonAs(token string) http.Header {
	h := bearer(token)
	h.Set("Content-Type", "application/json")
	return h
}

// sends posts a body as a person of the installation.
func (p *person) sends(path string, body any, more ...string) response {
	p.in.Helper()
	b, err := json.Marshal(body)
	require.NoError(p.in, err)
	h := jsonAs(p.token)
	for i := 0; i+1 < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return p.in.send("POST", path, string(b), h)
}

// issuer makes tokens as the development identity provider would, and as it
// never would.
type issuer struct {
	key *rsa.PrivateKey
	url string
}

func (in *installation) issuer() issuer {
	in.Helper()
	b, err := os.ReadFile(filepath.Join(in.dir, "idp.key"))
	require.NoError(in, err)
	block, _ := pem.Decode(b)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(in, err)
	return issuer{key: parsed.(*rsa.PrivateKey), url: "http://" + in.addr("idp")}
}

func (i issuer) kid() string {
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&i.key.PublicKey))
	return hex.EncodeToString(sum[:8])
}

// sign makes a token with a key that says it is kid.
func sign(t *testing.T, key any, alg jose.SignatureAlgorithm, kid string, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType("JWT"))
	require.NoError(t, err)
	token, err := jwt.Signed(signer).Claims(claims).Serialize()
	require.NoError(t, err)
	return token
}

// claims are a good token's, with changes; nil removes one.
func (i issuer) claims(changes map[string]any) map[string]any {
	c := map[string]any{"iss": i.url, "sub": "alice", "aud": []string{"ramp"}, "groups": []string{"engineering"},
		"employment": "employee", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

// person is anybody the provider could tell of.
func (in *installation) person(id string, changes map[string]any) *person {
	in.Helper()
	i := in.issuer()
	all := map[string]any{"sub": id}
	maps.Copy(all, changes)
	return &person{in: in, name: id, token: sign(in.T, i.key, jose.RS256, i.kid(), i.claims(all))}
}

// contract adds a contract while Ramp runs, and waits until it is in force for p.
func (in *installation) contract(p *person, name, yaml string) {
	in.Helper()
	path := filepath.Join(in.dir, "contracts", name+".yaml")
	require.NoError(in, os.WriteFile(path, []byte(yaml), 0o644))
	in.eventually(60*time.Second, "contract "+name+" is in force", func() bool {
		status, _, err := p.try("GET", "/api/v1/catalog/"+name, nil)
		return err == nil && status == http.StatusOK
	})
}
