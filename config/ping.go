package config

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/sdklog"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/contractgit"
	"ramp.dev/ramp/workflows"
)

// pingTimeout bounds each call of a service.
const pingTimeout = 10 * time.Second

// Ping asks every service that the configuration names whether it can be used,
// and returns what cannot, each with its place. It reads every secret. It changes
// nothing but what opening a target makes, such as the files of an SSH host.
func (c Config) Ping(ctx context.Context, p Parts) access.Issues {
	var issues access.Issues
	ask := func(code, field string, question func(context.Context) error) {
		ctx, cancel := context.WithTimeout(ctx, pingTimeout)
		defer cancel()
		if err := question(ctx); err != nil {
			issues.Add(code, field, "%s", err)
		}
	}
	for _, s := range c.secrets(p) {
		ask("secret_unreadable", s.Path, func(ctx context.Context) error {
			_, err := s.Secret.Read(ctx)
			return err
		})
	}
	ask("ledger_unavailable", "ledger.url", func(ctx context.Context) error {
		address, err := c.Ledger.address(ctx)
		if err != nil {
			return err
		}
		return ledger.Reach(ctx, address)
	})
	ask("temporal_unavailable", "temporal", c.pingTemporal)
	if p.Server {
		issues = append(issues, c.Server.Identity.Ping()...)
		for _, name := range slices.Sorted(maps.Keys(c.Server.Facts)) {
			ask("facts_unavailable", "server.facts."+name, func(ctx context.Context) error { return c.Server.Facts[name].Ping(ctx) })
		}
		for _, name := range c.Server.Witnesses.Names() {
			ask("witness_unusable", "server.witnesses.members."+name, func(ctx context.Context) error {
				w, err := c.Server.Witnesses.Open(name)
				if err != nil {
					return err
				}
				return w.Ping(ctx)
			})
		}
		if c.Server.Slack.On() {
			ask("slack_unavailable", "server.slack", c.Server.PingChat)
		}
		if c.Server.Decisions.On() {
			ask("decisions_unusable", "server.decisions", c.Server.Decisions.Ping)
		}
		if c.Server.Tickets.On() {
			ask("tickets_unusable", "server.tickets", c.Server.Tickets.Ping)
		}
		if !c.Server.ContractsGit.IsZero() {
			ask("contracts_unavailable", "server.contractsGit", func(ctx context.Context) error { return contractgit.Ping(ctx, c.Server.ContractsGit) })
		}
	}
	if p.Worker {
		for _, name := range slices.Sorted(maps.Keys(c.Worker.Targets)) {
			ask("target_unavailable", "worker.targets."+name, func(ctx context.Context) error { return c.Worker.Targets[name].Ping(ctx, name) })
		}
		ask("mail_unavailable", "worker.notices.mail", c.Worker.PingNotices)
		for _, name := range slices.Sorted(maps.Keys(c.Worker.Webhooks)) {
			ask("webhook_unusable", "worker.webhooks."+name, func(ctx context.Context) error { return c.Worker.Webhooks[name].Ping(ctx) })
		}
		for _, name := range slices.Sorted(maps.Keys(c.Worker.Sinks)) {
			ask("sink_unusable", "worker.sinks."+name, func(ctx context.Context) error { return c.Worker.Sinks[name].Ping(ctx) })
		}
		ask("tickets_unavailable", "worker.notices.tickets", c.Worker.PingTickets)
		ask("channels_unusable", "worker.notices.channels", c.Worker.PingChannels)
		ask("facts_unavailable", "worker.notices.facts."+access.OnCallSource, c.Worker.PingRota)
	}
	return c.placed(issues)
}

// pingTemporal asks for the namespace, and for the search attributes in it.
func (c Config) pingTemporal(ctx context.Context) error {
	options, err := c.temporalOptions()
	if err != nil {
		return err
	}
	options.Logger = sdklog.New(logrus.StandardLogger())
	temporal, err := client.DialContext(ctx, options)
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "Temporal at %s: %w", options.HostPort, err)
	}
	defer temporal.Close()
	if _, err := temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: options.Namespace}); err != nil {
		return access.Errorf(access.CodeUnavailable, "namespace %s: %w", options.Namespace, err)
	}
	found, err := temporal.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: options.Namespace})
	if err != nil {
		return nil // a client may be allowed to use a namespace and not to look at its set-up
	}
	var missing []string
	for name := range workflows.SearchAttributes() {
		if _, ok := found.GetCustomAttributes()[name]; !ok {
			missing = append(missing, name)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return fmt.Errorf("the namespace %s has no search attributes %s; deploy/namespace.sh makes them", options.Namespace, strings.Join(missing, ", "))
	}
	return nil
}
