package source

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config says where a service is, who Ramp is there, and what its words mean here. Each
// kind of source takes some of the fields.
type Config struct {
	Address string       `yaml:"address,omitempty"` // such as https://acme.atlassian.net; a path may follow
	CAFile  field.File   `yaml:"caFile,omitempty"`  // PEM; the system's authorities if empty
	User    string       `yaml:"user,omitempty"`    // whose token it is, where the service wants both
	Token   field.Secret `yaml:"token,omitempty"`   // read for every call, so it may rotate
	// People says which person of Ramp a user of the service is: an id or an address, by
	// the id that the service gave the user and that nobody can choose.
	People map[string]string `yaml:"people,omitempty"`
	// Emails says that the service's e-mail addresses are taken for its users' own,
	// because nobody there can give themselves another one's.
	Emails     bool              `yaml:"emails,omitempty"`
	Severities map[string]int    `yaml:"severities,omitempty"` // by the service's word for one; 1 is the most severe
	Schedules  map[string]string `yaml:"schedules,omitempty"`  // the service's id of each schedule, by its name in contracts
	Projects   []string          `yaml:"projects,omitempty"`   // whose issues count, such as acme/ops
	Table      string            `yaml:"table,omitempty"`      // of ServiceNow
	// Calendars are the addresses of iCalendar files, by the schedule's name. Who has such
	// an address can read it, so it is a secret.
	Calendars map[string]field.Secret `yaml:"calendars,omitempty"`
}

// Fields says which fields of Config a kind of source takes, and needs.
type Fields struct {
	Address   string // if there is only one, or one that is usual
	Needs     []string
	Takes     []string
	NoService bool // the kind is reached by the addresses in Calendars
	NoPeople  bool // nothing is asked of it that names people
}

// Written returns the names of the fields that are written.
func (c Config) Written() (names []string) {
	for name, written := range map[string]bool{"address": c.Address != "", "caFile": c.CAFile != "", "user": c.User != "", "token": !c.Token.IsZero(),
		"people": len(c.People) > 0, "emails": c.Emails, "severities": len(c.Severities) > 0, "schedules": len(c.Schedules) > 0,
		"projects": len(c.Projects) > 0, "table": c.Table != "", "calendars": len(c.Calendars) > 0} {
		if written {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Validate returns everything that is wrong for a kind of source, reaching for nothing.
func (c Config) Validate(f Fields) (issues access.Issues) {
	if !f.NoService {
		c.Address = strings.TrimSuffix(cmp.Or(c.Address, f.Address), "/")
		issues = c.jsonhttp(nil).Validate()
		if u, err := url.Parse(c.Address); err == nil && strings.Contains(u.Path, "..") {
			issues.Add("address_malformed", "address", "an address is like https://service.example.com/path")
		}
	}
	written := c.Written()
	for _, name := range f.Needs {
		issues.Require(slices.Contains(written, name), name+"_missing", name, "this kind of source needs %s", name)
	}
	known := slices.Concat([]string{"people", "emails", "caFile"}, f.Needs, f.Takes)
	if !f.NoService {
		known = append(known, "address", "token")
	}
	for _, name := range written {
		issues.Require(slices.Contains(known, name), "field_unused", name, "this kind of source takes no %s", name)
	}
	issues.Require(f.NoPeople || c.Emails || len(c.People) > 0, "people_missing", "people",
		"say who its users are: people, by the service's ids, or emails: true, if nobody there can take another one's address")
	return append(issues, c.validateWords()...)
}

func (c Config) validateWords() (issues access.Issues) {
	for _, id := range slices.Sorted(maps.Keys(c.People)) {
		issues.Require(id != "" && c.People[id] != "", "people_malformed", "people", "each user has a person: an id or an address")
	}
	for _, word := range slices.Sorted(maps.Keys(c.Severities)) {
		issues.Require(c.Severities[word] > 0, "severity", "severities", "%s: 1 is the most severe, and every severity is a whole number", access.Clip(word, 40))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Schedules)) {
		issues.Require(name != "" && c.Schedules[name] != "", "schedule_malformed", "schedules", "each schedule has the service's id of it")
	}
	for _, name := range slices.Sorted(maps.Keys(c.Calendars)) {
		ref := c.Calendars[name]
		issues.Require(name != "" && !ref.IsZero(), "calendar_malformed", "calendars", "each schedule has the address of its calendar: file:PATH, env:NAME or vault:MOUNT/PATH#FIELD")
	}
	return issues
}

// Person returns the person of Ramp whom a user of the service is, by id or by address;
// empty for somebody who is nobody here. Names that users give themselves are not asked:
// an account that is called alice is not Ramp's alice.
func (c Config) Person(id, email string) string {
	if who := c.People[id]; id != "" && who != "" {
		return who
	}
	if c.Emails && access.IsAddress(email) {
		return email
	}
	return ""
}

// Severity returns what the service's word for a severity means; 0 if that is not known.
func (c Config) Severity(word string, usual map[string]int) int {
	if n, there := c.Severities[word]; there {
		return n
	}
	return usual[word]
}

// jsonhttp returns how the service is called; the address without its path.
func (c Config) jsonhttp(u *url.URL) jsonhttp.Config {
	out := jsonhttp.Config{Address: c.Address, CAFile: c.CAFile, Token: c.Token}
	if u == nil {
		u, _ = url.Parse(c.Address)
	}
	if u != nil {
		bare := *u
		bare.Path, bare.RawPath = "", ""
		out.Address = bare.String()
	}
	return out
}
