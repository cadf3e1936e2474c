package hostfiles

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
)

// Key is the public key of a certificate minted for a grant.
type Key struct {
	Grant     string
	Public    ssh.PublicKey
	ExpiresAt time.Time // the certificate's end, UTC
}

// keepRevoked is how long after its certificate's expiry a key stays on the
// revoked list, for hosts whose clocks are behind.
const keepRevoked = 10 * time.Minute

func (k Key) line() string {
	return fmt.Sprintf("%s %s %s\n", bytes.TrimSpace(ssh.MarshalAuthorizedKey(k.Public)), k.Grant,
		k.ExpiresAt.UTC().Format(time.RFC3339))
}

// parseKey reads a line that Ramp wrote. It returns false for others.
func parseKey(raw []byte) (Key, bool) {
	public, comment, _, _, err := ssh.ParseAuthorizedKey(raw)
	if err != nil {
		return Key{}, false
	}
	grant, end, _ := strings.Cut(comment, " ")
	at, err := time.Parse(time.RFC3339, end)
	if _, ours := access.RequestIDFromGrantName(grant); err != nil || !ours {
		return Key{}, false
	}
	return Key{Grant: grant, Public: public, ExpiresAt: at}, true
}

// Issue records a key before its certificate leaves the worker. The caller holds
// the Lock.
func (d *Dir) Issue(k Key) error {
	path := d.Path(issuedDir, k.Grant)
	b, err := d.disk.Read(path)
	if err != nil {
		return unavailable(err)
	}
	return unavailable(d.disk.Replace(path, append(b, k.line()...), 0o600))
}

// Issued returns the keys that are recorded for a grant and not revoked yet.
func (d *Dir) Issued(grant string) ([]Key, error) {
	b, err := d.disk.Read(d.Path(issuedDir, grant))
	if err != nil {
		return nil, unavailable(err)
	}
	var keys []Key
	for raw := range bytes.Lines(b) {
		if k, ok := parseKey(raw); ok {
			keys = append(keys, k)
		}
	}
	return keys, nil
}

// HasIssued reports whether there is a record for a grant, readable or not.
func (d *Dir) HasIssued(grant string) (bool, error) {
	b, err := d.disk.Read(d.Path(issuedDir, grant))
	return b != nil, unavailable(err)
}

// IssuedGrants returns the names of all records of issued keys.
func (d *Dir) IssuedGrants() ([]string, error) { return d.names(issuedDir) }

// DropIssued removes the record of a grant's keys. The caller holds the Lock.
func (d *Dir) DropIssued(grant string) error {
	return unavailable(d.disk.Remove(d.Path(issuedDir, grant)))
}

// RevokeKeys adds keys to the revoked list, and removes Ramp's own entries whose
// certificates expired long ago. It leaves other people's lines alone. The caller
// holds the Lock.
func (d *Dir) RevokeKeys(keys []Key, now time.Time) error {
	old, err := d.disk.Read(d.RevokedPath())
	if err != nil {
		return unavailable(err)
	}
	var content []byte
	listed := map[string]bool{}
	for raw := range bytes.Lines(old) {
		if k, ok := parseKey(raw); ok {
			if now.After(k.ExpiresAt.Add(keepRevoked)) {
				continue
			}
			listed[string(k.Public.Marshal())] = true
		}
		content = append(content, raw...)
	}
	for _, k := range keys {
		if id := string(k.Public.Marshal()); !listed[id] {
			listed[id] = true
			content = Append(content, strings.TrimSuffix(k.line(), "\n"))
		}
	}
	if bytes.Equal(content, old) {
		return nil
	}
	return unavailable(d.disk.Replace(d.RevokedPath(), content, 0o644))
}

// IsRevoked reports whether a public key is on the revoked list. A list that
// cannot be read or does not exist is an error: as with sshd, it refuses
// everybody.
func (d *Dir) IsRevoked(public ssh.PublicKey) (bool, error) {
	b, err := d.disk.Read(d.RevokedPath())
	if err == nil && b == nil {
		err = fmt.Errorf("%s is missing", revokedFile)
	}
	if err != nil {
		return false, unavailable(err)
	}
	want := public.Marshal()
	for raw := range bytes.Lines(b) {
		if k, _, _, _, err := ssh.ParseAuthorizedKey(raw); err == nil && bytes.Equal(k.Marshal(), want) {
			return true, nil
		}
	}
	return false, nil
}
