package run

import (
	"context"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/cmd/ramp/internal/version"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/server"
	"ramp.dev/ramp/worker"
)

func serverCommand() *cobra.Command {
	return processCommand("server", "Serve the pages and the API to people",
		"The server serves people and holds no target's credentials. It waits for Temporal and the ledger's database, and stops at SIGTERM.", config.Parts{Server: true}, StartServer)
}

func workerCommand() *cobra.Command {
	return processCommand("worker", "Open and close access on targets",
		"A worker runs where its targets are, with their credentials, and opens no port but\n"+
			"that of worker.metrics, if configured. It waits for Temporal and the ledger's database, and stops at SIGTERM.", config.Parts{Worker: true}, StartWorker)
}

// StartFunc starts a server or a worker. It adds to on what must be closed, also
// when it fails, and returns a function that works until its context ends.
type StartFunc func(ctx context.Context, c config.Config, temporal client.Client, on *Closers) (run func(context.Context) error, err error)

func processCommand(name, short, long string, parts config.Parts, start StartFunc) *cobra.Command {
	var path string
	c := &cobra.Command{
		Use: name, Short: short, Long: long, Args: cobra.NoArgs,
		Example: "  ramp " + name + " --config /etc/ramp/ramp.yaml",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := config.Load(path)
			if err != nil {
				return err
			}
			if err := c.Validate(parts).Err(); err != nil {
				return err
			}
			var on Closers
			defer on.Close()
			run, err := StartProcess(cmd.Context(), c, start, &on)
			if err != nil {
				return err
			}
			return run(cmd.Context())
		},
	}
	c.Flags().StringVar(&path, "config", config.DefaultName, "the configuration file")
	return c
}

// StartProcess connects to Temporal and starts a process with it.
func StartProcess(ctx context.Context, c config.Config, start StartFunc, on *Closers) (func(context.Context) error, error) {
	temporal, err := c.DialTemporal(ctx)
	if err != nil {
		return nil, err
	}
	on.Add(temporal.Close)
	return start(ctx, c, temporal, on)
}

// StartServer starts what `ramp server` runs.
func StartServer(ctx context.Context, c config.Config, temporal client.Client, on *Closers) (func(context.Context) error, error) {
	led, err := c.Ledger.Await(ctx)
	if err != nil {
		return nil, err
	}
	on.Add(func() { _ = led.Close() })
	signer, err := c.Keys.Signer.Open(ctx)
	if err != nil {
		return nil, err
	}
	trusted, err := c.Keys.ServerKeyring(signer)
	if err != nil {
		return nil, err
	}
	led.UseNotary(evidence.NewNotary(signer, trusted), warnOfRecords(logrus.StandardLogger()))
	sealer, err := c.Keys.Sealer(ctx, signer)
	if err != nil {
		return nil, err
	}
	payloads, err := c.Keys.Codec(ctx)
	if err != nil {
		return nil, err
	}
	workers, err := c.Keys.WorkerKeyring(ctx)
	if err != nil {
		return nil, err
	}
	s, err := server.New(c.Server, server.Deps{Temporal: temporal, Namespace: c.TemporalNamespace(), Ledger: led, Signer: signer, Sealer: sealer, Trusted: trusted, Workers: workers, Codec: payloads, Passkeys: c.Keys.PasskeyFile(), Checkpoint: c.Keys.Signer.CheckpointFile(), Version: version.String(), Log: logrus.StandardLogger()})
	if err != nil {
		return nil, err
	}
	logrus.WithField("url", c.Server.URL).Info("server is up")
	return s.Run, nil
}

// StartWorker starts what `ramp worker` runs.
func StartWorker(ctx context.Context, c config.Config, temporal client.Client, on *Closers) (func(context.Context) error, error) {
	keys, err := c.Keys.Keyring()
	if err != nil {
		return nil, err
	}
	led, err := c.Ledger.Await(ctx)
	if err != nil {
		return nil, err
	}
	on.Add(func() { _ = led.Close() })
	led.UseNotary(evidence.NewNotary(nil, keys), warnOfRecords(logrus.StandardLogger()))
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

// warnEvery is how often the log tells of one record that is not believed.
const warnEvery = time.Minute

// warnOfRecords returns what tells an operator of records in the ledger that are not
// believed, each now and then: they are met again and again.
func warnOfRecords(log logrus.FieldLogger) func(what string) {
	var mu sync.Mutex
	told := map[string]time.Time{}
	return func(what string) {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(told[what]) < warnEvery {
			return
		}
		if len(told) > 1000 {
			clear(told)
		}
		told[what] = time.Now()
		log.WithField("record", what).Error("a record about people in the ledger is not believed: somebody wrote to its database, or the server that signed it is not trusted here (keys.trusted)")
	}
}
