package authority

import (
	"context"
	"crypto/rand"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// signer is an authority whose key signs what Ramp has written.
type signer struct {
	public ssh.PublicKey
	// open returns what signs, for one certificate.
	open func(ctx context.Context) ssh.Signer
}

// FromKey returns the authority of a key in this process.
func FromKey(key ssh.Signer) Authority {
	return signer{key.PublicKey(), func(context.Context) ssh.Signer { return key }}
}

// Public implements Authority.
func (s signer) Public() ssh.PublicKey { return s.public }

// Sign implements Authority.
func (s signer) Sign(ctx context.Context, w Wanted) (*ssh.Certificate, error) {
	// SSH's times have no sign: one before 1970 would be far off, or no end at all.
	if !w.Ends.After(clock.Now()) {
		return nil, access.Errorf(access.CodeUnavailable, "a certificate was to end at %s, which is over; it was not signed", w.Ends.UTC().Format(time.RFC3339))
	}
	cert := w.unsigned()
	if err := cert.SignCert(rand.Reader, s.open(ctx)); err != nil {
		return nil, err
	}
	return cert, w.check(cert, s.public)
}
