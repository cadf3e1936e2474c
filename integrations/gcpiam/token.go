package gcpiam

import (
	"context"
	"crypto/sha256"
	"net/http"
	"sync"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/secret"
	"ramp.dev/ramp/internal/strictjson"
)

// scope is what Ramp's own tokens are for: IAM decides what they may do.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// tokens keeps Ramp's own access token. It is safe for concurrent use.
type tokens struct {
	secret *secret.Cached
	http   *http.Client

	mu     sync.Mutex
	of     [sha256.Size]byte // the credentials that source is of
	source oauth2.TokenSource
}

// read returns a token that is valid now. It has the form of jsonhttp.Dialect's Token.
// Errors are of code forbidden (Google does not take the credentials, or they are of another
// kind), throttled and unavailable; they hold nothing of the credentials.
func (t *tokens) read(ctx context.Context) (string, error) {
	text, err := t.secret.Read(ctx)
	if err != nil {
		return "", access.Errorf(access.CodeUnavailable, "Ramp's own credentials: %w", err)
	}
	source, err := t.sourceOf([]byte(text))
	if err != nil {
		return "", err
	}
	token, err := source.Token()
	if err != nil {
		return "", jsonhttp.TokenError("Google", err)
	}
	return token.AccessToken, nil
}

// sourceOf returns what gives out tokens for credentials: the same until they change.
func (t *tokens) sourceOf(text []byte) (oauth2.TokenSource, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum := sha256.Sum256(text)
	if t.source != nil && t.of == sum {
		return t.source, nil
	}
	var kind struct {
		Type google.CredentialsType `json:"type"`
	}
	// Other kinds are refused: an impersonation or a person's own login may lead anywhere.
	if strictjson.UnmarshalOpen(text, &kind) != nil || kind.Type != google.ServiceAccount && kind.Type != google.ExternalAccount {
		return nil, access.Errorf(access.CodeForbidden, "Ramp's own credentials are not the JSON of a service account's key (service_account) or of a workload identity federation (external_account)")
	}
	// The source outlives the call that made it, and its calls have the client's timeout.
	made, err := google.CredentialsFromJSONWithType(context.WithValue(context.Background(), oauth2.HTTPClient, t.http), text, kind.Type, scope)
	if err != nil { // the cause is left out, because it could quote the key
		return nil, access.Errorf(access.CodeForbidden, "Ramp's own credentials are malformed: the JSON of type %s is not as Google writes it", kind.Type)
	}
	t.of, t.source = sum, made.TokenSource
	return t.source, nil
}
