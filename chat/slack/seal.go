package slack

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"ramp.dev/ramp/access"
)

// Seal implements chat.Service: it returns a mark of a text that nobody makes without the signing secret: servers
// share it, and the ledger's database has it not. No mark is a signature of Slack's,
// whose text begins with "v0:". Errors are CodeUnavailable.
func (b *Bot) Seal(ctx context.Context, text []byte) (string, error) {
	secret, err := b.config.SigningSecret.Read(ctx)
	if err != nil || strings.TrimSpace(secret) == "" {
		return "", access.Errorf(access.CodeUnavailable, "the signing secret of Slack cannot be read")
	}
	mac := hmac.New(sha256.New, []byte(strings.TrimSpace(secret)))
	mac.Write([]byte("ramp act:"))
	mac.Write(text)
	return hex.EncodeToString(mac.Sum(nil)), nil
}
