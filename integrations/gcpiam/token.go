package gcpiam

import (
	"context"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// scope is what Ramp's own tokens are for: IAM decides what they may do.
const scope = "https://www.googleapis.com/auth/cloud-platform"

// askToken implements jsonhttp.AskToken. Errors are also of code forbidden: the credentials are
// malformed, or of another kind.
func askToken(ctx context.Context, credentials string) (*oauth2.Token, error) {
	var kind struct {
		Type google.CredentialsType `json:"type"`
	}
	// Other kinds are refused: an impersonation or a person's own login may lead anywhere.
	if strictjson.UnmarshalOpen([]byte(credentials), &kind) != nil || kind.Type != google.ServiceAccount && kind.Type != google.ExternalAccount {
		return nil, access.Errorf(access.CodeForbidden, "Ramp's own credentials are not the JSON of a service account's key (service_account) or of a workload identity federation (external_account)")
	}
	made, err := google.CredentialsFromJSONWithType(ctx, []byte(credentials), kind.Type, scope)
	if err != nil { // the cause is left out, because it could quote the key
		return nil, access.Errorf(access.CodeForbidden, "Ramp's own credentials are malformed: the JSON of type %s is not as Google writes it", kind.Type)
	}
	return made.TokenSource.Token()
}
