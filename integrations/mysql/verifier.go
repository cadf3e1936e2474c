package mysql

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha1" // #nosec G505 -- what mysql_native_password is made of
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// newPassword returns a random password of 160 bits and 32 characters. The length matters:
// MariaDB's ed25519 takes the password for the seed of the key, and a seed of 32 bytes
// is what the standard library makes a key of.
func newPassword() string { return (rand.Text() + rand.Text())[:ed25519.SeedSize] }

// verifierOf returns what MariaDB keeps of a password: of ed25519 the public key, with
// which nobody can log in. Of mysql_native_password, a hash of the hash: whoever has it and
// listens to a login without TLS can log in, too.
func verifierOf(plugin, password string) string {
	if plugin == nativePlugin {
		once := sha1.Sum([]byte(password)) // #nosec G401 -- the plugin's; the password is random
		twice := sha1.Sum(once[:])         // #nosec G401 -- likewise
		return "*" + strings.ToUpper(hex.EncodeToString(twice[:]))
	}
	public, _ := ed25519.NewKeyFromSeed([]byte(password)).Public().(ed25519.PublicKey)
	return base64.RawStdEncoding.EncodeToString(public)
}
