package server

import (
	"context"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
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
	if err != nil {
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
