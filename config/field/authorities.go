package field

import (
	"crypto/x509"
	"os"

	"ramp.dev/ramp/access"
)

// Authorities reads a file of certificates in PEM: those of the authorities that may sign a
// service's certificate. It returns them, and the file as it is; nil for no file, which
// crypto/tls takes as the system's authorities. Errors are of code unavailable (the file
// cannot be read) and invalid (it has no certificate).
func (f File) Authorities() (*x509.CertPool, []byte, error) {
	if f == "" {
		return nil, nil, nil
	}
	pem, err := os.ReadFile(string(f)) // #nosec G304 -- the operator names it
	if err != nil {
		return nil, nil, access.Errorf(access.CodeUnavailable, "caFile: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, nil, access.InvalidField("ca_malformed", "caFile", "there is no certificate (PEM) in %s", f)
	}
	return pool, pem, nil
}
