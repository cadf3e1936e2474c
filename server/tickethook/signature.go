package tickethook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// signed reports whether a body has a signature of one of the secrets: "sha256=" and the
// HMAC of the body in hex, as GitHub (https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries)
// and Jira (https://developer.atlassian.com/cloud/jira/platform/webhooks/#secure-admin-webhooks)
// send it.
func signed(secrets []string, body []byte, header string) bool {
	text, is := strings.CutPrefix(header, "sha256=")
	given, err := hex.DecodeString(text)
	if !is || err != nil {
		return false
	}
	for _, s := range secrets {
		mac := hmac.New(sha256.New, []byte(s))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), given) {
			return true
		}
	}
	return false
}
