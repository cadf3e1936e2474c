package github

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/secret"
)

const (
	appTokenLife = 9 * time.Minute  // GitHub takes 10 minutes at the most
	clockSkew    = time.Minute      // GitHub's own advice for the time of issue
	renewBefore  = 10 * time.Minute // the end of an installation's token, which lasts an hour
)

// sign returns the App's own token (a JWT signed by RS256), which is good for a few minutes.
// Errors are of code unavailable and have nothing of the key.
func (c AppConfig) sign(ctx context.Context, from *secret.Cached) (string, error) {
	text, err := from.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "the App's private key: %w", err)
	}
	key, ok := privateKey([]byte(text))
	if !ok {
		return "", access.Errorf(access.CodeUnavailable, "the App's private key is no RSA key in PEM, as GitHub hands it out")
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "the App's private key cannot sign")
	}
	now := time.Now()
	claims, err := json.Marshal(map[string]any{"iss": c.ID, "iat": now.Add(-clockSkew).Unix(), "exp": now.Add(appTokenLife).Unix()})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "the App's private key cannot sign")
	}
	return signed.CompactSerialize()
}

// privateKey reads PKCS #1, which GitHub hands out, and PKCS #8, into which people convert it.
func privateKey(text []byte) (*rsa.PrivateKey, bool) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, false
	}
	if key, err := x509.ParsePKCS1PrivateKey(block.Bytes); err == nil {
		return key, true
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	own, ok := key.(*rsa.PrivateKey)
	return own, err == nil && ok
}

// installation hands out the token of an App's installation. It is safe for concurrent use.
type installation struct {
	client *jsonhttp.Client // as the App
	number string

	mu    sync.Mutex
	token string
	ends  time.Time
}

func noInstallation(id string) error {
	return access.Errorf(access.CodeForbidden, "the App has no installation %s: it was uninstalled, or the number is another App's", id)
}

// get returns a token that is good for some minutes, and makes another when it is not. Those
// who come while one is made wait for it.
func (i *installation) get(ctx context.Context) (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if time.Until(i.ends) > renewBefore {
		return i.token, nil
	}
	var out struct {
		Token   string    `json:"token"`
		Expires time.Time `json:"expires_at"`
	}
	path := "/app/installations/" + i.number + "/access_tokens"
	found, err := i.client.Call(ctx, http.MethodPost, path, nil, &out)
	switch {
	case err != nil:
		return "", err
	case !found:
		return "", noInstallation(i.number)
	case out.Token == "":
		return "", i.client.Unexpected(http.MethodPost, path)
	}
	i.token, i.ends = out.Token, out.Expires
	return i.token, nil
}
