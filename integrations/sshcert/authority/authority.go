package authority

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// Authority signs users' certificates. It is safe for concurrent use.
type Authority interface {
	// Public returns the key that hosts trust. It reaches for nothing.
	Public() ssh.PublicKey
	// Sign returns a certificate of just what is wanted, for hosts that trust Public.
	// Errors are of code unavailable, throttled, forbidden (Ramp may not use the key)
	// and invalid (the key's keeper allows no such certificate).
	Sign(ctx context.Context, w Wanted) (*ssh.Certificate, error)
}

// Wanted is what a certificate says.
type Wanted struct {
	Key             ssh.PublicKey // the user's
	Grant           string        // its key id, and its only principal
	Ends            time.Time     // UTC, in whole seconds; the certificate ends by then
	CriticalOptions map[string]string
	Extensions      []string
}

// hostClockSkew is how far a host's clock may be behind the authority's. It is more
// than Ramp allows its own processes: hosts are many, and kept by others.
const hostClockSkew = time.Minute

// unsigned returns the certificate without its signature. Its principal is the
// grant, never a login: on a host that trusts the authority but has no line for the
// grant, it opens nothing.
func (w Wanted) unsigned() *ssh.Certificate {
	var serial [8]byte
	rand.Read(serial[:]) // never fails
	return &ssh.Certificate{
		Key: w.Key, Serial: binary.BigEndian.Uint64(serial[:]), CertType: ssh.UserCert,
		KeyId: w.Grant, ValidPrincipals: []string{w.Grant},
		ValidAfter: uint64(clock.Now().Add(-hostClockSkew).Unix()), ValidBefore: uint64(w.Ends.Unix()), // #nosec G115 -- times after 1970
		Permissions: ssh.Permissions{CriticalOptions: w.criticalOptions(), Extensions: w.extensions()},
	}
}

func (w Wanted) criticalOptions() map[string]string {
	out := maps.Clone(w.CriticalOptions)
	if out == nil {
		out = map[string]string{}
	}
	return out
}

func (w Wanted) extensions() map[string]string {
	out := map[string]string{}
	for _, e := range w.Extensions {
		out[e] = ""
	}
	return out
}

// check returns an error (unavailable) unless a certificate is what is wanted, signed
// by the authority that hosts trust.
func (w Wanted) check(cert *ssh.Certificate, public ssh.PublicKey) error {
	wrong := func(what string) error {
		return access.Errorf(access.CodeUnavailable, "the certificate authority returned a certificate %s; it was not handed out", what)
	}
	switch {
	case cert.CertType != ssh.UserCert:
		return wrong("that is not a user's")
	case !bytes.Equal(cert.Key.Marshal(), w.Key.Marshal()):
		return wrong("of another key")
	case cert.KeyId != w.Grant || !slices.Equal(cert.ValidPrincipals, []string{w.Grant}):
		return wrong("for another principal than the grant")
	case !maps.Equal(cert.CriticalOptions, w.criticalOptions()):
		return wrong("with other critical options than were asked for")
	case !maps.Equal(cert.Extensions, w.extensions()):
		return wrong("with other extensions than were asked for")
	case cert.ValidBefore > uint64(w.Ends.Unix()): // #nosec G115 -- a time after 1970; for ever is the largest number
		return wrong("that ends after the grant")
	case !bytes.Equal(cert.SignatureKey.Marshal(), public.Marshal()):
		return wrong("of another authority than hosts trust (publicKey)")
	}
	// Also whether it is valid now, and the signature itself.
	checker := ssh.CertChecker{SupportedCriticalOptions: slices.Collect(maps.Keys(w.CriticalOptions)), Clock: clock.Now}
	if err := checker.CheckCert(w.Grant, cert); err != nil {
		return access.Errorf(access.CodeUnavailable, "the certificate authority returned a certificate that no host accepts: %w", err)
	}
	return nil
}
