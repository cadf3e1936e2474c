package main

import (
	"context"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/signers"
	"ramp.dev/ramp/worker"
)

func serverCommand() *cobra.Command {
	return processCommand("server", "Answer people: the pages and the API",
		"The server faces people and holds no target's credentials.", startServer)
}

func workerCommand() *cobra.Command {
	return processCommand("worker", "Open and close access on targets",
		"A worker runs where its targets are, with their credentials, and opens no port.", startWorker)
}

func processCommand(name, short, long string, start func(context.Context, config, client.Client) (*service, error)) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: name + " --config FILE", Short: short, Long: long, GroupID: "run", Args: cobra.NoArgs,
		Example: "  ramp " + name + " --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(path)
			if err == nil {
				err = c.check(name == "server", name == "worker")
			}
			if err != nil {
				return err
			}
			temporal, err := dial(cmd.Context(), c)
			if err != nil {
				return err
			}
			defer temporal.Close()
			s, err := start(cmd.Context(), c, temporal)
			if err != nil {
				return err
			}
			defer s.close()
			return s.run(cmd.Context())
		},
	}
	c.Flags().StringVar(&path, "config", configName, "the configuration file")
	return c
}

// dial waits for Temporal until ctx ends: processes start in any order.
func dial(ctx context.Context, all config) (client.Client, error) {
	c := all.Temporal
	options := client.Options{HostPort: c.Address, Namespace: c.Namespace, Logger: sdklog.New(logrus.StandardLogger())}
	sealed, err := all.codec(ctx)
	if err != nil {
		return nil, err
	}
	if sealed != nil {
		options.DataConverter, options.FailureConverter = sealed.Converters()
	}
	if options.ConnectionOptions.TLS, options.Credentials, err = c.security(); err != nil {
		return nil, err
	}
	for told := false; ; told = true {
		temporal, err := client.DialContext(ctx, options)
		if err == nil {
			return temporal, nil
		}
		if !told {
			logrus.WithError(err).WithField("address", c.Address).Warn("waiting for Temporal")
		}
		select {
		case <-ctx.Done():
			return nil, access.Errorf(access.CodeUnavailable, "Temporal at %s: %w", c.Address, err)
		case <-time.After(time.Second):
		}
	}
}

// codec is nil where what Temporal keeps is not encrypted.
func (c config) codec(ctx context.Context) (*codec.Codec, error) {
	if len(c.Keys.Payload) == 0 {
		return nil, nil
	}
	return codec.Load(ctx, c.Keys.Payload...)
}

// service is a started server or worker. run works until its context ends.
type service struct {
	run   func(context.Context) error
	close func()
}

func openLedger(ctx context.Context, c ledgerConfig) (*ledger.Ledger, error) {
	address, err := c.address(ctx)
	if err != nil {
		return nil, err
	}
	return ledger.Open(ctx, address)
}

func startServer(ctx context.Context, c config, temporal client.Client) (*service, error) {
	led, err := openLedger(ctx, c.Ledger)
	if err != nil {
		return nil, err
	}
	signer, err := openSigner(ctx, c.Keys.Signer)
	if err != nil {
		led.Close()
		return nil, err
	}
	sealed, err := c.codec(ctx)
	if err != nil {
		led.Close()
		return nil, err
	}
	s, err := server.New(c.Server, server.Deps{Temporal: temporal, Ledger: led, Signer: signer, Codec: sealed, Passkeys: c.Keys.passkeys(), Log: logrus.StandardLogger()})
	if err != nil {
		led.Close()
		return nil, err
	}
	logrus.WithField("url", c.Server.URL).Info("server is up")
	return &service{run: s.Run, close: func() { led.Close() }}, nil
}

func startWorker(ctx context.Context, c config, temporal client.Client) (*service, error) {
	keys, err := c.keyring()
	if err != nil {
		return nil, err
	}
	led, err := openLedger(ctx, c.Ledger)
	if err != nil {
		return nil, err
	}
	signer, err := workerSigner(ctx, c.Keys)
	if err != nil {
		led.Close()
		return nil, err
	}
	w, err := worker.Start(ctx, c.Worker, worker.Deps{Temporal: temporal, Ledger: led, Keyring: keys, Signer: signer, Log: logrus.StandardLogger()})
	if err != nil {
		led.Close()
		return nil, err
	}
	logrus.WithField("targets", w.Broker.Names()).Info("worker is up")
	run := func(ctx context.Context) error {
		<-ctx.Done()
		w.Stop()
		return nil
	}
	return &service{run: run, close: func() { led.Close() }}, nil
}

// workerSigner is the key for receipts, or nil where there is none.
func workerSigner(ctx context.Context, c keysConfig) (*evidence.Signer, error) {
	if c.Worker == "" {
		logrus.Warn("keys.worker is not set: what this worker opens and closes has no receipt in evidence packs")
		return nil, nil
	}
	return openSigner(ctx, c.Worker)
}

// openSigner puts the public half of a key that is a file beside it, for those
// who verify.
func openSigner(ctx context.Context, key string) (*evidence.Signer, error) {
	signer, err := signers.Open(ctx, key)
	if err != nil || !signers.IsFile(key) {
		return signer, err
	}
	return signer, signer.WritePublic(strings.TrimSuffix(key, ".key") + ".pub")
}
