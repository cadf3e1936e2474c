package server

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/scim"
)

// directoryLedger keeps how much is believed of what is provisioned, for all
// servers and workers, and is itself the directory.
type directoryLedger interface {
	access.Directory
	Directory(ctx context.Context) (ledger.DirectoryMode, error)
	SetDirectory(ctx context.Context, m ledger.DirectoryMode) error
}

// putInForce puts a configuration of SCIM in force, unless another one is: that
// one stands until an operator says otherwise (scim.replace), and this server says
// so and keeps to it. It returns the directory, which is asked each time whether it
// is in force: another server may put it in force while this one runs.
func putInForce(ctx context.Context, c scim.Config, l directoryLedger, log logrus.FieldLogger) (access.Directory, error) {
	own := c.DirectoryMode()
	mode, err := l.Directory(ctx)
	switch {
	case access.CodeOf(err) == access.CodeEvidence && c.Replace:
		if err := l.SetDirectory(ctx, own); err != nil {
			return nil, err
		}
		return l, nil
	case err != nil:
		return nil, err
	}
	switch {
	case mode == own:
	case !mode.Enabled || c.Replace:
		if err := l.SetDirectory(ctx, own); err != nil {
			return nil, err
		}
	default:
		log.WithFields(logrus.Fields{"inForce": mode, "here": own}).Error("server.scim differs from what another server has put in force, which stands; " +
			"configure this server alike, or set server.scim.replace to change it for all")
	}
	return l, nil
}

// signRecords signs again what another key of the servers signed, once after each
// start, so that the key that was replaced need not be trusted for ever.
func (s *Server) signRecords(ctx context.Context) {
	n, err := s.ledger.SignRecords(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		s.log.WithError(err).Error("records about people could not be signed again; the key that signed them must stay in keys.trusted")
	case n > 0:
		s.log.WithField("records", n).Info("records about people that another key had signed are signed with this server's key")
	}
}

// linkConfigured writes the links of the configuration into the ledger, where workers
// find them: they count people too. A link that was taken out of the configuration
// stays until an operator unlinks it, since another server may still have it.
func linkConfigured(ctx context.Context, links auth.Links, l *ledger.Ledger, log logrus.FieldLogger) {
	for _, accounts := range links {
		for _, account := range accounts[min(1, len(accounts)):] {
			e := access.Event{At: time.Now().UTC(), Kind: access.EventAccountLinked, Actor: access.ActorRamp, Message: "As the configuration says.",
				Detail: map[string]string{"account": account, "human": accounts[0]}}
			if err := l.LinkAccount(ctx, account, accounts[0], e); err != nil {
				log.WithFields(logrus.Fields{"account": account, "human": accounts[0]}).WithError(err).
					Error("a link of server.identity.links could not be recorded; this server counts by it, and workers do not")
			}
		}
	}
}
