// Package webhooksecret reads the secrets with which messages between Ramp and other
// programs are signed by the scheme of Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
// whsec_ and 24 to 64 bytes in base64.
package webhooksecret

import (
	"context"
	"encoding/base64"
	"strings"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
)

// Secret is where a secret is read. Its String says where, and holds nothing of it.
type Secret interface {
	Read(context.Context) (string, error)
	String() string
}

// Read returns what signs and verifies with a secret. Errors hold nothing of it; they are
// those of reading, and CodeInvalid for what is no such secret.
func Read(ctx context.Context, s Secret) (*standardwebhooks.Webhook, error) {
	text, err := s.Read(ctx)
	if err != nil {
		return nil, err
	}
	key, marked := strings.CutPrefix(strings.TrimSpace(text), "whsec_")
	raw, err := base64.StdEncoding.DecodeString(key)
	if !marked || err != nil || len(raw) < 24 || len(raw) > 64 {
		return nil, access.Errorf(access.CodeInvalid, "%s is not whsec_ and 24 to 64 bytes in base64", s)
	}
	w, err := standardwebhooks.NewWebhookRaw(raw)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%s signs nothing", s)
	}
	return w, nil
}
