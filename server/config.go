package server

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/contractgit"
	"ramp.dev/ramp/server/decisionhook"
	"ramp.dev/ramp/server/proposals"
	"ramp.dev/ramp/server/scim"
	"ramp.dev/ramp/server/surface"
	"ramp.dev/ramp/server/tickethook"
	"ramp.dev/ramp/witness"
)

// Config is the server's part of the configuration file.
type Config struct {
	Listen    string     `yaml:"listen"`              // host:port of the pages and the API
	URL       string     `yaml:"url"`                 // where people reach them
	Metrics   string     `yaml:"metrics,omitempty"`   // host:port of /metrics; none if empty
	Contracts field.File `yaml:"contracts,omitempty"` // directory
	// ContractsGit is where contracts come from instead of a directory.
	ContractsGit contractgit.Config `yaml:"contractsGit,omitempty"`
	// Proposals has contracts changed by requests, which their owners decide. A directory
	// is then where the first set comes from; of a repository, people propose the newest
	// commit.
	Proposals  proposals.Config `yaml:"proposals,omitempty"`
	Identity   auth.Config      `yaml:"identity"`             // how people log in
	SCIM       scim.Config      `yaml:"scim,omitempty"`       // how an identity provider provisions people
	Checkpoint field.File       `yaml:"checkpoint,omitempty"` // keeps the last signed checkpoint; beside keys.signer if that is a file
	Witnesses  witness.Config   `yaml:"witnesses,omitempty"`  // who is asked to cosign the log's checkpoints
	Operators  []string         `yaml:"operators,omitempty"`  // groups that see every request and may revoke any
	Auditors   []string         `yaml:"auditors,omitempty"`   // groups that read the audit log and every evidence; nobody if empty
	// Review says how the weekly review is made, and who sees all of it beside auditors.
	Review ReviewConfig `yaml:"review,omitempty"`
	// Drop says after how long what people did, wrote and decided is dropped; never if empty.
	Drop       DropConfig   `yaml:"drop,omitempty"`
	TemporalUI string       `yaml:"temporalUI,omitempty"` // where operators find workflows; its origin alone may have payloads decoded
	Limits     LimitsConfig `yaml:"limits,omitempty"`
	// Facts are the sources that contracts ask, by name; oncall knows who is on call.
	Facts map[string]facts.Config `yaml:"facts,omitempty"`
	// Slack is the workspace in which people may ask and decide.
	Slack slack.Config `yaml:"slack,omitempty"`
	// Decisions is another program in which people may decide.
	Decisions decisionhook.Config `yaml:"decisions,omitempty"`
	// Tickets are the ticket systems in whose tickets people may decide.
	Tickets tickethook.Config `yaml:"tickets,omitempty"`
	// EnrolInPage lets the page of passkeys write keys.passkeys itself. For
	// development only: a server that could do so in production could enrol a
	// key for anybody, and approve with it.
	EnrolInPage bool `yaml:"enrolInPage,omitempty"`
	MaxOpen     int  `yaml:"maxOpen,omitempty"` // requests a person may have open at once; 20 if 0
}

// ContractSource returns where the contracts come from.
func (c Config) ContractSource() (contracts.Source, error) {
	if c.ContractsGit.IsZero() {
		return contracts.Directory(c.Contracts), nil
	}
	return contractgit.Open(c.ContractsGit)
}

// PingChat asks whether the chat service can be used: whose token it is, whether it has
// the scopes that are needed, whether the clocks agree, and whether each channel is one
// where messages can be written. Nothing is written.
func (c Config) PingChat(ctx context.Context) error { return slack.New(c.Slack).Ping(ctx) }

// TestChat sends a user of Slack a message that says it is a test.
func (c Config) TestChat(ctx context.Context, user string) error {
	if !c.Slack.On() {
		return access.Errorf(access.CodeInvalid, "server.slack is not configured, so nothing can be sent")
	}
	return slack.New(c.Slack).PostEphemeral(ctx, "", user, chat.Message{ID: "test " + strings.ToLower(rand.Text()), Text: chat.Say("Somebody who runs Ramp tries whether its messages arrive. This one did.\n" + c.URL)})
}

// publicly returns an error about the contracts as anybody may read it: who signs, and
// where the repository is, is nobody's concern but operators'.
func (c Config) publicly(err error) error {
	if err == nil || c.ContractsGit.IsZero() {
		return err
	}
	return access.Errorf(access.CodeUnavailable, "the newest contracts are not in force; `ramp contracts status` tells operators why")
}

// Validate returns everything that is wrong, reaching for nothing.
func (c Config) Validate() access.Issues {
	var issues access.Issues
	bad := func(code, field, message string) { issues.Add(code, "server."+field, "%s", message) }
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		bad("address_malformed", "listen", "an address such as 127.0.0.1:8080 is needed")
	}
	if _, _, err := net.SplitHostPort(c.Metrics); err != nil && c.Metrics != "" {
		bad("address_malformed", "metrics", "an address such as 127.0.0.1:9090 is needed, or none")
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		bad("url_malformed", "url", "the address at which people reach Ramp is needed, such as https://ramp.example.com")
	} else if u.Scheme == "http" && !auth.Loopback(u.Hostname()) {
		bad("url_in_clear", "url", "people must reach Ramp by https, except on this machine: tokens and sessions would be read on the way; name the address of the proxy that ends TLS")
	}
	if c.TemporalUI != "" && surface.Origins(c.TemporalUI) == nil {
		bad("url_malformed", "temporalUI", "the address of the Temporal UI is needed, such as https://temporal.example.com, or none")
	}
	if c.EnrolInPage && (err != nil || u.Hostname() != "localhost") {
		bad("enrol_in_page", "enrolInPage", "this is for development at localhost only: in production people review who has which passkey")
	}
	switch {
	case c.Contracts == "" && c.ContractsGit.IsZero():
		bad("contracts_missing", "contracts", "a directory of contracts is needed, or contractsGit")
	case c.Contracts != "" && !c.ContractsGit.IsZero():
		bad("contracts_twice", "contracts", "contracts come from the directory or from contractsGit, not from both")
	case c.Contracts == "":
		issues = append(issues, c.ContractsGit.Validate()...)
	}
	issues = append(issues, c.Proposals.Validate()...)
	if c.Proposals.On() && !c.ContractsGit.IsZero() {
		issues = append(issues, c.ContractsGit.ValidateProposed()...)
	}
	// Auditors watch operators: one group that is both watches itself.
	for _, g := range c.Auditors {
		if slices.ContainsFunc(c.Operators, func(o string) bool { return access.FoldID(o) == access.FoldID(g) }) {
			bad("roles_overlap", "auditors", fmt.Sprintf("group %q is among the operators too; the two are separate", g))
		}
	}
	for _, cidr := range c.Limits.TrustedProxies {
		if _, _, err := net.ParseCIDR(cidr); err != nil {
			bad("network_malformed", "limits.trustedProxies", "a network such as 10.0.0.0/8 is needed")
		}
	}
	issues = append(issues, c.Review.Validate()...)
	issues = append(issues, c.Drop.Validate(c.Review.Thresholds)...)
	issues = append(issues, c.Witnesses.Validate("server.witnesses")...)
	issues = append(issues, c.SCIM.Validate()...)
	issues = append(issues, c.Slack.Validate("server.slack")...)
	issues = append(issues, c.Decisions.Validate()...)
	issues = append(issues, c.Tickets.Validate("server.tickets", func(source string) string { return c.Facts[source].Kind })...)
	issues = append(issues, facts.Validate("server.facts", c.Facts)...)
	return append(issues, c.Identity.Validate()...)
}
