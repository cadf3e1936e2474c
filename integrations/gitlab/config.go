package gitlab

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/membership"
)

// Config configures one GitLab.
type Config struct {
	Address string       `yaml:"address,omitempty"` // https://gitlab.com if empty
	CAFile  field.File   `yaml:"caFile,omitempty"`  // PEM; the system's authorities if empty
	Token   field.Secret `yaml:"token"`             // of scope api; read for every call
	// People are the users whom the requesters' ids are. The number decides: user names can
	// be changed, and then taken by somebody else.
	People map[string]Person `yaml:"people,omitempty"`
	// Provider is the name of GitLab's sign-in provider, such as saml, in which a user's
	// identity is the requester's id. It is for those who are not among People, and for
	// administrators' tokens alone.
	Provider string        `yaml:"provider,omitempty"`
	Allow    []AllowConfig `yaml:"allow"` // the most that contracts may give
	// Describe says more of groups and projects in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long GitLab may show an old state; 5 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// Person is one user of GitLab.
type Person struct {
	Username string `yaml:"username"`
	ID       int64  `yaml:"id"` // the number, which never changes
}

// AllowConfig allows each of its roles in each of its groups and projects.
type AllowConfig struct {
	Groups   []string `yaml:"groups,omitempty"`   // full paths; acme/* for every group below acme
	Projects []string `yaml:"projects,omitempty"` // full paths; acme/* for every project below acme
	Roles    []string `yaml:"roles"`              // guest, planner, reporter, developer, maintainer, owner
	// MayAddPeople says that roles are meant with which the person can add others, who stay
	// after the end, and through whom they can come back: maintainer and owner.
	MayAddPeople bool `yaml:"mayAddPeople,omitempty"`
}

const (
	publicAddress      = "https://gitlab.com"
	below              = "/*"
	defaultConsistency = access.Duration(5 * time.Second)
	maxConsistency     = access.Duration(5 * time.Minute)
)

var (
	pathShape     = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?(?:/[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)*$`)
	usernameShape = regexp.MustCompile(`^[A-Za-z0-9_.][A-Za-z0-9_.-]{0,254}$`)
	providerShape = regexp.MustCompile(`^[A-Za-z0-9_-]{1,60}$`)
)

// Validate returns everything that is wrong. It reaches for nothing.
func (c Config) Validate(string) access.Issues { return c.withDefaults().validate() }

func (c Config) withDefaults() Config {
	if c.Address == "" {
		c.Address = publicAddress
	}
	if c.Consistency == 0 {
		c.Consistency = defaultConsistency
	}
	return c
}

func (c Config) http() jsonhttp.Config {
	return jsonhttp.Config{Address: c.Address, CAFile: c.CAFile, Token: c.Token}
}

// validate is Validate, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	issues = c.http().Validate()
	issues.Require(len(c.People) > 0 || c.Provider != "", "people_missing", "people", "it is needed which of GitLab's users the requesters' ids are: people, or provider")
	issues.Require(c.Provider == "" || providerShape.MatchString(c.Provider), "provider_malformed", "provider", "the name of a provider is needed, such as saml")
	users := map[int64]string{}
	for _, id := range slices.Sorted(maps.Keys(c.People)) {
		p, place := c.People[id], "people."+access.Clip(id, 60)
		issues.Require(usernameShape.MatchString(p.Username), "username_malformed", place+".username", "%q is no user name of GitLab", access.Clip(p.Username, 40))
		issues.Require(p.ID > 0, "id_missing", place+".id", "the user's number is needed, since user names can be changed")
		issues.Require(users[p.ID] == "" || p.ID <= 0, "id_twice", place+".id", "%s has the same user: two people would share what is counted for one", access.Clip(users[p.ID], 60))
		users[p.ID] = id
	}
	issues.Require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	issues = append(issues, c.validateAllow()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listGroups:   func(v string) bool { return pathShape.MatchString(v) && c.gives(groups, v, "") },
		listProjects: func(v string) bool { return pathShape.MatchString(v) && c.gives(projects, v, "") },
	})...)
}

func (c Config) validateAllow() (issues access.Issues) {
	issues.Require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: groups or projects, with roles")
	for i, rule := range c.Allow {
		place := fmt.Sprintf("allow[%d]", i)
		issues.Require(len(rule.Groups)+len(rule.Projects) > 0, "allow_incomplete", place, "groups or projects are needed")
		issues.Require(len(rule.Roles) > 0, "allow_incomplete", place, "roles are needed")
		for _, v := range slices.Concat(rule.Groups, rule.Projects) {
			issues.Require(pathShape.MatchString(strings.TrimSuffix(v, below)), "allow_path", place, "%q is no full path, such as acme/payments or acme/*", access.Clip(v, 80))
		}
		adds := slices.DeleteFunc(slices.Clone(rule.Roles), func(r string) bool { return !addsPeople(r) })
		issues.Require(rule.MayAddPeople || len(adds) == 0, "allow_adds_people", place+".mayAddPeople",
			"a person with one of these roles can add people, and make tokens of the project's own, which stay after the end: %s; leave it out, or write mayAddPeople: true", strings.Join(adds, ", "))
		issues.Require(!rule.MayAddPeople || len(adds) > 0, "allow_adds_nobody", place+".mayAddPeople", "is for maintainer and owner, and this rule has neither")
		for _, r := range rule.Roles {
			issues.Require(levelOf(r) > 0, "allow_role", place+".roles", "%q is no role; there are guest, planner, reporter, developer, maintainer and owner", access.Clip(r, 40))
		}
	}
	return issues
}

// addsPeople reports whether a person with a role can add others: to a project, and as
// maintainer of a group to every project below it.
func addsPeople(role string) bool { return levelOf(role) >= levelOf("maintainer") }

// gives reports whether some rule gives a role in a group or project; any role if it is "".
func (c Config) gives(k kind, path, role string) bool {
	return slices.ContainsFunc(c.Allow, func(r AllowConfig) bool {
		return (role == "" || slices.Contains(r.Roles, role)) && slices.ContainsFunc(r.of(k), func(v string) bool { return covers(v, path) })
	})
}

// of returns the rule's paths of a kind.
func (r AllowConfig) of(k kind) []string {
	if k == groups {
		return r.Groups
	}
	return r.Projects
}

func covers(rule, path string) bool {
	root, wide := strings.CutSuffix(rule, below)
	return rule == path || wide && strings.HasPrefix(path, root+"/")
}

// Open returns the target, and calls nothing. Errors are of code invalid, with every issue,
// and unavailable (caFile cannot be read).
func (c Config) Open(_ context.Context, _ string) (integrations.Target, error) { return c.open(nil) }

// open puts between, if not nil, between the target and the network.
func (c Config) open(between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	c = c.withDefaults()
	if issues := c.validate(); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	client, err := c.http().Open(dialect(), between)
	if err != nil {
		return nil, err
	}
	s := &service{config: c, client: client}
	return &target{Target: membership.New(s, c.Consistency.Std()), service: s}, nil
}
