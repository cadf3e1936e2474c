package webhooks

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/feed/envelope"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/webhooksecret"
)

// Config is one program that is told of events.
type Config struct {
	URL    string     `yaml:"url"`              // https; http on this machine only
	CAFile field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
	// Secrets sign each message, by all of them: a new one stands beside the old one until
	// the receiver knows it. Each is whsec_ and 24 to 64 bytes in base64.
	Secrets []field.Secret `yaml:"secrets"`
	// Format is what the data of an event is: ramp if empty.
	Format envelope.Format `yaml:"format,omitempty"`
	// Text says that what people wrote goes out too; without it reasons and comments stay.
	Text bool `yaml:"text,omitempty"`
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Validate returns everything that is wrong with endpoints, reaching for nothing. at is
// where they are configured.
func Validate(at string, hooks map[string]Config) (issues access.Issues) {
	for _, name := range slices.Sorted(maps.Keys(hooks)) {
		c, place := hooks[name], at+"."+name
		issues.Require(nameForm.MatchString(name), "webhook_name", place, "a webhook's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		issues = append(issues, c.Format.Validate(place+".format")...)
		u, err := url.Parse(c.URL)
		if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
			issues.Add("address_malformed", place+".url", "the address is like https://siem.example.com/ramp")
		} else if host := (jsonhttp.Config{Address: (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()}).Validate(); slices.ContainsFunc(host, func(is access.Issue) bool { return is.Field == "address" }) {
			issues.Add("address_insecure", place+".url", "https is needed, or http on this machine itself")
		}
		issues.Require(len(c.Secrets) > 0, "secret_missing", place+".secrets", "a secret is needed that signs what is sent; make one with: echo whsec_$(openssl rand -base64 32)")
	}
	return issues
}

// signers reads the secrets. Errors hold none of them.
func (c Config) signers(ctx context.Context) (out []*standardwebhooks.Webhook, err error) {
	for _, ref := range c.Secrets {
		w, err := webhooksecret.Read(ctx, ref)
		if err != nil {
			return nil, err
		}
		out = append(out, w)
	}
	return out, nil
}

// Ping reads the secrets, and asks whether something is at the address, with a request
// that is no message.
func (c Config) Ping(ctx context.Context) error {
	if _, err := c.signers(ctx); err != nil {
		return err
	}
	own, err := jsonhttp.Config{CAFile: c.CAFile}.HTTPClient()
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, c.URL, nil)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	resp, err := own.Do(req)
	if err != nil {
		return network(err)
	}
	return resp.Body.Close()
}
