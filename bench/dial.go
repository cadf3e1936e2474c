package main

import (
	"context"
	"crypto/sha256"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/internal/sdklog"
)

// encrypted says that all payloads of all sides are encrypted, as they are where payload
// keys are configured. It is set from the flags of the bench, and of each child.
var encrypted bool

// dial returns a client of the bench's Temporal with the converters of Ramp's processes.
func dial(ctx context.Context, addr string) (client.Client, error) {
	options := client.Options{HostPort: addr, Namespace: temporalserver.Namespace, Logger: sdklog.New(logrus.StandardLogger()), DataConverter: codec.Plain()}
	if encrypted {
		payloads, err := codec.New(codec.Key(sha256.Sum256([]byte("bench"))))
		if err != nil {
			return nil, err
		}
		options.DataConverter, options.FailureConverter = payloads.Converters()
	}
	return client.DialContext(ctx, options)
}
