package slack

import (
	"maps"
	"net/url"
	"regexp"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config is one Slack app in one workspace.
type Config struct {
	Workspace     string       `yaml:"workspace,omitempty"`     // whose users may act, such as T012ABCDE
	App           string       `yaml:"app,omitempty"`           // the app's id, such as A012ABCDE
	Token         field.Secret `yaml:"token,omitempty"`         // the bot token, xoxb-…; read for each call
	SigningSecret field.Secret `yaml:"signingSecret,omitempty"` // by which Slack's requests are known, and rows of the ledger sealed
	// AppToken has Slack say what people do over a connection that servers open (Socket
	// Mode), for networks that Slack does not reach; an app-level token, xapp-…, with the
	// scope connections:write. Nothing is served at /hooks/slack then.
	AppToken field.Secret      `yaml:"appToken,omitempty"`
	Channel  string            `yaml:"channel,omitempty"`  // where approvers are, such as C012ABCDE
	Channels map[string]string `yaml:"channels,omitempty"` // by contract, another channel
	Reasons  bool              `yaml:"reasons,omitempty"`  // what people wrote is in messages too
	// LoginMax is how long after their login on the web somebody may act in Slack, where
	// no directory says who is in which group; 12h if 0.
	LoginMax access.Duration `yaml:"loginMax,omitempty"`
	API      string          `yaml:"api,omitempty"` // https://slack.com/api/ if empty; GovSlack has its own
}

// On reports whether Slack is set up.
func (c Config) On() bool {
	return c.Workspace != "" || c.App != "" || !c.Token.IsZero() || !c.SigningSecret.IsZero() || !c.AppToken.IsZero() || c.Channel != "" || len(c.Channels) > 0 || c.API != "" || c.Reasons || c.LoginMax != 0
}

// ChannelOf returns where the approvers of a contract's requests are.
func (c Config) ChannelOf(contract string) string {
	if other := c.Channels[contract]; other != "" {
		return other
	}
	return c.Channel
}

// ChannelIDs returns every channel that is configured, each once.
func (c Config) ChannelIDs() []string {
	out := append([]string{c.Channel}, slices.Collect(maps.Values(c.Channels))...)
	slices.Sort(out)
	return slices.Compact(out)
}

const standardAPI = "https://slack.com/api/"

func (c Config) api() string {
	if c.API != "" {
		return c.API
	}
	return standardAPI
}

var userForm = regexp.MustCompile(`^[UW][A-Z0-9]{2,30}$`)

// IsUser reports whether a text is how Slack names a user, such as U012ABCDE.
func IsUser(text string) bool { return userForm.MatchString(text) }

// ids are how Slack writes them: a letter for the kind, then letters and digits.
var ids = map[string]*regexp.Regexp{
	"workspace": regexp.MustCompile(`^T[A-Z0-9]{2,30}$`), "app": regexp.MustCompile(`^A[A-Z0-9]{2,30}$`), "channel": regexp.MustCompile(`^[CG][A-Z0-9]{2,30}$`),
}

// Validate returns everything that is wrong, reaching for nothing. Fields are named
// below at.
func (c Config) Validate(at string) (issues access.Issues) {
	if !c.On() {
		return nil
	}
	id := func(kind, field, value, example string) {
		if !ids[kind].MatchString(value) {
			issues.Add("slack_"+kind, at+"."+field, "%q is no id of a %s, such as %s", access.Clip(value, 40), kind, example)
		}
	}
	id("workspace", "workspace", c.Workspace, "T012ABCDE")
	id("app", "app", c.App, "A012ABCDE")
	id("channel", "channel", c.Channel, "C012ABCDE; channels have it at the end of their details")
	for _, contract := range slices.Sorted(maps.Keys(c.Channels)) {
		id("channel", "channels."+contract, c.Channels[contract], "C012ABCDE")
	}
	if c.Token.IsZero() {
		issues.Add("slack_token", at+".token", "the bot token is needed, as a secret that is named, such as file:/etc/ramp/slack.token")
	}
	if c.SigningSecret.IsZero() {
		issues.Add("slack_signing_secret", at+".signingSecret", "the app's signing secret is needed: without it anybody could send decisions")
	}
	if c.LoginMax < 0 {
		issues.Add("slack_login_max", at+".loginMax", "this is how long a login counts, such as 12h")
	}
	u, err := url.Parse(c.api())
	if err != nil || u.Host == "" || u.Path == "" || u.Path[len(u.Path)-1] != '/' || u.Scheme != "https" && !(u.Scheme == "http" && u.Hostname() == "127.0.0.1") {
		issues.Add("slack_api", at+".api", "the address of Slack's API is https and ends with a slash, such as %s", standardAPI)
	}
	return issues
}
