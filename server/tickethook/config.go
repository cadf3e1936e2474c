package tickethook

import (
	"context"
	"regexp"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config are the ticket systems in whose tickets people may decide, one of each kind.
type Config struct {
	GitHub System `yaml:"github,omitempty"`
	Jira   System `yaml:"jira,omitempty"`
}

// System is one ticket system.
type System struct {
	// Site is its host, such as acme.atlassian.net, and part of the key of each link: the
	// same id may be another user's elsewhere. github.com if empty.
	Site string `yaml:"site,omitempty"`
	// Source is the source of facts that knows its tickets, of server.facts; github or jira
	// if empty.
	Source  string         `yaml:"source,omitempty"`
	Secrets []field.Secret `yaml:"secrets,omitempty"` // of its webhook; any of them signs
	// Approvals lets comments approve, too. Without it they deny alone: whoever
	// administers a project may have a rule that comments in another's name.
	Approvals bool `yaml:"approvals,omitempty"`
}

// On reports whether a system is configured.
func (s System) On() bool { return s.Site != "" || s.Source != "" || len(s.Secrets) > 0 }

// On reports whether any system is configured.
func (c Config) On() bool { return c.GitHub.On() || c.Jira.On() }

var siteForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?$`)

// Validate returns everything that is wrong, reaching for nothing. kindOf returns the kind
// of a source of facts by its name, "" if there is none.
func (c Config) Validate(at string, kindOf func(source string) string) (issues access.Issues) {
	for _, k := range c.kinds() {
		s, at := k.config, at+"."+string(k.via)
		issues.Require(siteForm.MatchString(s.Site), "tickets_site", at+".site", "the host of the ticket system is needed, such as acme.atlassian.net")
		issues.Require(len(s.Secrets) > 0, "secret_missing", at+".secrets", "the secret of its webhook is needed: without it anybody could send decisions; make one with: openssl rand -hex 32")
		kind := kindOf(s.Source)
		issues.Require(kind == string(k.via) || kind == "file", "tickets_source", at+".source", "server.facts needs a source %q of the kind %s (or file), which knows the tickets that requests name", access.Clip(s.Source, 40), k.via)
	}
	return issues
}

// Ping reads the secrets.
func (c Config) Ping(ctx context.Context) error {
	for _, k := range c.kinds() {
		if _, err := secrets(ctx, k.config); err != nil {
			return err
		}
	}
	return nil
}

// minSecret is how long a secret is at least: whoever gets one message could try all the
// shorter ones.
const minSecret = 20

func secrets(ctx context.Context, s System) (out []string, err error) {
	for _, ref := range s.Secrets {
		text, err := ref.Read(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "a webhook's secret of server.tickets cannot be read")
		}
		if text = strings.TrimSpace(text); len(text) < minSecret {
			return nil, access.Errorf(access.CodeUnavailable, "a webhook's secret of server.tickets has fewer than %d characters; make one with: openssl rand -hex 32", minSecret)
		}
		out = append(out, text)
	}
	return out, nil
}
