package hostcall

import (
	"context"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Host is what can be done on one host. The meanings, and the codes of errors, are those
// of integrations.Target, Extender, DriftDetector and UsageReporter.
type Host interface {
	Grant(ctx context.Context, g access.Grant) error
	Extend(ctx context.Context, g access.Grant) error
	// Issue records a key of an open grant, before a certificate is signed for it, and
	// returns when the certificate must end.
	Issue(ctx context.Context, g access.Grant, key ssh.PublicKey) (ends time.Time, err error)
	Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error)
	Revoke(ctx context.Context, g access.Grant) error
	List(ctx context.Context) ([]integrations.ListedGrant, error)
	Drift(ctx context.Context, g access.Grant) ([]string, error)
	Restore(ctx context.Context, g access.Grant) error
	Usage(ctx context.Context, g access.Grant) (access.Usage, error)
	WatchUsage(ctx context.Context) error
	Ping(ctx context.Context) error
	// Setup returns how the host is set up. Which keys may call its helper, the server adds.
	Setup(ctx context.Context) (Setup, error)
}

// Setup is how a host is set up, as its helper says it. Keys are named by their fingerprints.
type Setup struct {
	Users       []string `json:"users"`       // the logins that its helper gives
	Authorities []string `json:"authorities"` // whose certificates its sshd takes
	Workers     []string `json:"workers"`     // which keys its helper lets in
	// Rights is what others on the host may do to its files.
	Rights integrations.Rights `json:"rights"`
}
