package main

import (
	"context"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/worker"
)

func serverCommand() *cobra.Command {
	return processCommand("server", "Serve the pages and the API to people",
		"The server faces people and holds no target's credentials.", config.Parts{Server: true}, startServer)
}

func workerCommand() *cobra.Command {
	return processCommand("worker", "Open and close access on targets",
		"A worker runs where its targets are, with their credentials, and opens no port.", config.Parts{Worker: true}, startWorker)
}

// startFunc starts a server or a worker. It puts onto closers what must be
// closed, whether it fails or not, and returns what works until its context ends.
type startFunc func(ctx context.Context, c config.Config, temporal client.Client, on *closers) (run func(context.Context) error, err error)

func processCommand(name, short, long string, parts config.Parts, start startFunc) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: name + " --config FILE", Short: short, Long: long, GroupID: "run", Args: cobra.NoArgs,
		Example: "  ramp " + name + " --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			if issues := c.Validate(parts); len(issues) > 0 {
				return access.Invalid(issues...)
			}
			var on closers
			defer on.close()
			run, err := startProcess(cmd.Context(), c, start, &on)
			if err != nil {
				return err
			}
			return run(cmd.Context())
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the configuration file")
	return c
}

// startProcess connects to Temporal and starts a process with it.
func startProcess(ctx context.Context, c config.Config, start startFunc, on *closers) (func(context.Context) error, error) {
	temporal, err := c.DialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	on.add(temporal.Close)
	return start(ctx, c, temporal, on)
}

func startServer(ctx context.Context, c config.Config, temporal client.Client, on *closers) (func(context.Context) error, error) {
	led, err := c.Ledger.Open(ctx)
	if err != nil {
		return nil, err
	}
	on.add(func() { _ = led.Close() })
	signer, err := c.Keys.Signer.Open(ctx)
	if err != nil {
		return nil, err
	}
	payloads, err := c.Keys.Codec(ctx)
	if err != nil {
		return nil, err
	}
	s, err := server.New(c.Server, server.Deps{Temporal: temporal, Namespace: c.Temporal.Namespace, Ledger: led, Signer: signer, Codec: payloads, Passkeys: c.Keys.PasskeyFile(), Log: logrus.StandardLogger()})
	if err != nil {
		return nil, err
	}
	logrus.WithField("url", c.Server.URL).Info("server is up")
	return s.Run, nil
}

func startWorker(ctx context.Context, c config.Config, temporal client.Client, on *closers) (func(context.Context) error, error) {
	keys, err := c.Keys.Keyring()
	if err != nil {
		return nil, err
	}
	led, err := c.Ledger.Open(ctx)
	if err != nil {
		return nil, err
	}
	on.add(func() { _ = led.Close() })
	signer, err := c.Keys.WorkerSigner(ctx)
	if err != nil {
		return nil, err
	}
	w, err := worker.Start(ctx, c.Worker, worker.Deps{Temporal: temporal, Ledger: led, Keyring: keys, Signer: signer, Log: logrus.StandardLogger()})
	if err != nil {
		return nil, err
	}
	logrus.WithField("targets", w.Broker.Names()).Info("worker is up")
	return func(ctx context.Context) error {
		<-ctx.Done()
		w.Stop()
		return nil
	}, nil
}

// closers is a stack of what to close, the latest first.
type closers struct{ stack []func() }

func (c *closers) add(f func()) { c.stack = append(c.stack, f) }

// close closes everything, once.
func (c *closers) close() {
	for ; len(c.stack) > 0; c.stack = c.stack[:len(c.stack)-1] {
		c.stack[len(c.stack)-1]()
	}
}
