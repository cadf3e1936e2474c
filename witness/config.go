// Package witness asks independent witnesses to cosign the checkpoints of Ramp's log, by
// the protocol of https://c2sp.org/tlog-witness. A witness remembers the largest checkpoint
// of a log that it has cosigned, and cosigns only what goes on from it: a server that shows
// two people two logs gets the cosignatures for one of them.
package witness

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config says which witnesses are asked, and how many must cosign.
type Config struct {
	// Quorum is how many of the members must have cosigned a checkpoint before the log
	// counts as witnessed up to there.
	Quorum int `yaml:"quorum,omitempty"`
	// AlarmAfter is for how long the log may grow without being witnessed; 15 minutes if
	// zero, 2 hours at most.
	AlarmAfter access.Duration   `yaml:"alarmAfter,omitempty"`
	Members    map[string]Member `yaml:"members,omitempty"` // by name
}

// Member is one witness.
type Member struct {
	URL    string     `yaml:"url"`              // its submission prefix; https, or http on this machine
	Key    string     `yaml:"key"`              // its verifier key, NAME+HASH+KEY, of Ed25519 for cosignatures
	CAFile field.File `yaml:"caFile,omitempty"` // PEM; the system's authorities if empty
}

const (
	defaultAlarmAfter = 15 * time.Minute
	maxAlarmAfter     = 2 * time.Hour
)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// On reports whether witnesses are configured.
func (c Config) On() bool { return len(c.Members) > 0 }

// Alarm is AlarmAfter with its default.
func (c Config) Alarm() time.Duration {
	if c.AlarmAfter == 0 {
		return defaultAlarmAfter
	}
	return c.AlarmAfter.Std()
}

// Names returns the names of the members, sorted.
func (c Config) Names() []string { return slices.Sorted(maps.Keys(c.Members)) }

// Validate returns everything that is wrong, reaching for nothing. at is where it is
// configured.
func (c Config) Validate(at string) (issues access.Issues) {
	issues.Require(c.AlarmAfter >= 0 && c.AlarmAfter.Std() <= maxAlarmAfter, "alarm_malformed", at+".alarmAfter", "a duration is needed, such as 15m, 2h at most")
	if !c.On() {
		issues.Require(c.Quorum == 0 && c.AlarmAfter == 0, "members_missing", at+".members", "a quorum needs witnesses: name at least one")
		return issues
	}
	issues.Require(c.Quorum >= 1 && c.Quorum <= len(c.Members), "quorum_malformed", at+".quorum", "how many of the %d witnesses must cosign is needed, 1 to %d", len(c.Members), len(c.Members))
	known := map[string]evidence.Witness{}
	for _, name := range c.Names() {
		m, place := c.Members[name], at+".members."+name
		issues.Require(nameForm.MatchString(name), "witness_name", place, "a witness's name is lowercase letters, digits and dashes, a letter first, 40 at most")
		issues = append(issues, m.validateURL(place)...)
		key, err := evidence.ParseWitness(m.Key)
		if err != nil {
			issues.Add("key_malformed", place+".key", "the witness's verifier key is needed as it publishes it: NAME+HASH+KEY, of an Ed25519 key for cosignatures")
			continue
		}
		for _, other := range slices.Sorted(maps.Keys(known)) {
			// It signs no name: under two it would count twice.
			issues.Require(!key.SameKey(known[other]), "key_twice", place+".key", "this is the key of %s too: one key is one witness", other)
		}
		known[name] = key
	}
	return issues
}

func (m Member) validateURL(place string) (issues access.Issues) {
	u, err := url.Parse(m.URL)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		issues.Add("address_malformed", place+".url", "the witness's submission prefix is needed, such as https://witness.example.com/ramp, without a user and a query")
		return issues
	}
	host := (jsonhttp.Config{Address: (&url.URL{Scheme: u.Scheme, Host: u.Host}).String()}).Validate()
	if slices.ContainsFunc(host, func(is access.Issue) bool { return is.Field == "address" }) {
		issues.Add("address_insecure", place+".url", "https is needed, or http on this machine itself")
	}
	return issues
}

// Open returns the client of a member of a configuration that is valid, and calls nothing.
// Errors are of code invalid, or unavailable for a file of authorities that cannot be read.
func (c Config) Open(name string) (*Client, error) {
	m := c.Members[name]
	key, err := evidence.ParseWitness(m.Key)
	if err != nil {
		return nil, err
	}
	own, err := jsonhttp.Config{CAFile: m.CAFile}.HTTPClient()
	if err != nil {
		return nil, err
	}
	return &Client{name: name, address: strings.TrimSuffix(m.URL, "/") + "/add-checkpoint", key: key, http: own, now: time.Now}, nil
}
