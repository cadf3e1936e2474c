package github

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

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

func noInstallation(id string) error {
	return access.Errorf(access.CodeForbidden, "the App has no installation %s: it was uninstalled, or the number is another App's", id)
}

// askToken returns what asks for the token of the App's installation, as the App does by
// client. It ends for Ramp some minutes before it ends for GitHub.
func (c AppConfig) askToken(client *jsonhttp.Client) jsonhttp.AskToken {
	return func(ctx context.Context, _ string) (*oauth2.Token, error) {
		var out struct {
			Token   string    `json:"token"`
			Expires time.Time `json:"expires_at"`
		}
		path := "/app/installations/" + c.Installation + "/access_tokens"
		found, err := client.Call(ctx, http.MethodPost, path, nil, &out)
		switch {
		case err != nil:
			return nil, err
		case !found:
			return nil, noInstallation(c.Installation)
		case out.Token == "" || out.Expires.IsZero():
			return nil, client.Unexpected(http.MethodPost, path)
		}
		return &oauth2.Token{AccessToken: out.Token, Expiry: out.Expires.Add(-renewBefore)}, nil
	}
}
