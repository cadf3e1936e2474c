package scim

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/secret"
	"ramp.dev/ramp/ledger"
)

// Config is how a provider provisions people.
type Config struct {
	Token      field.Secret `yaml:"token,omitempty"`      // the provider's bearer token, read each time; without one there is no SCIM
	Person     string       `yaml:"person,omitempty"`     // what a person's id in tokens is: userName (if empty) or externalId
	Prefix     string       `yaml:"prefix,omitempty"`     // before it: the prefix of the issuer whose people these are
	PeopleOnly bool         `yaml:"peopleOnly,omitempty"` // the provider provisions no groups: they are taken from tokens
	Required   bool         `yaml:"required,omitempty"`   // a human who was not provisioned is nobody
	// Replace puts this configuration in force in place of another one that a
	// server has put in force, also one that turns SCIM off. Without it what is in
	// force stands: a server that was set up differently must not let people back
	// in who have left.
	Replace bool `yaml:"replace,omitempty"`
}

// DirectoryMode is how much Ramp believes of what is provisioned.
func (c Config) DirectoryMode() ledger.DirectoryMode {
	if c.Token.IsZero() {
		return ledger.DirectoryMode{}
	}
	return ledger.DirectoryMode{Enabled: true, Groups: !c.PeopleOnly, Required: c.Required}
}

// minToken keeps a token from being guessed, in characters.
const minToken = 20

// Validate returns everything that is wrong.
func (c Config) Validate() access.Issues {
	var issues []access.Issue
	bad := func(code, field, message string) {
		issues = append(issues, access.Issue{Code: code, Field: "server.scim." + field, Message: message})
	}
	if c.Person != "" && c.Person != byUserName && c.Person != byExternalID {
		bad("scim_person_unknown", "person", "it may be userName or externalId")
	}
	if c.Token.IsZero() {
		if c != (Config{Replace: c.Replace}) {
			bad("scim_token_missing", "token", "without the provider's token there is no SCIM")
		}
		return issues
	}
	if err := c.validateToken(); err != nil {
		bad("scim_token_unusable", "token", err.Error())
	}
	return issues
}

const (
	byUserName   = "userName"
	byExternalID = "externalId"
)

// validateToken reads a token that is on this machine, and does not ask Vault.
// Its form is checked with that of every other secret.
func (c Config) validateToken() error {
	if c.Token.Validate() != nil {
		return nil
	}
	text, here, err := c.Token.ReadHere(context.Background())
	if err != nil {
		return unreadable(err)
	}
	if here {
		_, err = longEnough(text)
	}
	return err
}

// token is the provider's.
type token struct{ cached *secret.Cached }

func (t token) read(ctx context.Context) (string, error) {
	text, err := t.cached.Read(ctx)
	if err != nil {
		return "", unreadable(err)
	}
	return longEnough(text)
}

func unreadable(err error) error {
	return access.Errorf(access.CodeUnavailable, "the provider's token cannot be read: %w", err)
}

func longEnough(text string) (string, error) {
	text = strings.TrimSpace(text)
	if len(text) < minToken {
		return "", access.Errorf(access.CodeUnavailable, "the provider's token is shorter than %d characters", minToken)
	}
	return text, nil
}

// is compares in constant time, whatever the lengths.
func (t token) is(ctx context.Context, given string) (bool, error) {
	text, err := t.read(ctx)
	if err != nil {
		return false, err
	}
	want, got := sha256.Sum256([]byte(text)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1, nil
}

// person is the id that tokens give this user. Ids are compared without regard to
// case (access.FoldID).
func (c Config) person(u ledger.User) string {
	if c.Person == byExternalID {
		if u.ExternalID == "" {
			return ""
		}
		return c.Prefix + u.ExternalID
	}
	return c.Prefix + u.UserName
}
