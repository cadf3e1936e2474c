package postgres

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"ramp.dev/ramp/access"
)

// iterations are Postgres' own default. The password is random and of 130 bits, so more
// would slow down logins and nobody else.
const iterations = 4096

// scramVerifier returns what Postgres keeps of a password in ASCII (RFC 5802, in the
// form of pg_authid.rolpassword), with a fresh salt. With it, nobody can log in.
func scramVerifier(password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt) // never fails
	return verifierOf(password, salt)
}

func verifierOf(password string, salt []byte) (string, error) {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		return "", access.Errorf(access.CodeInternal, "SCRAM: %w", err)
	}
	mac := func(text string) []byte {
		h := hmac.New(sha256.New, salted)
		h.Write([]byte(text))
		return h.Sum(nil)
	}
	stored, text := sha256.Sum256(mac("Client Key")), base64.StdEncoding.EncodeToString
	return fmt.Sprintf("SCRAM-SHA-256$%d:%s$%s:%s", iterations, text(salt), text(stored[:]), text(mac("Server Key"))), nil
}
