package github

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

// Config configures one organisation of GitHub.
type Config struct {
	Organisation string       `yaml:"organisation"`      // its login
	Address      string       `yaml:"address,omitempty"` // of the REST API; https://api.github.com if empty
	CAFile       field.File   `yaml:"caFile,omitempty"`  // PEM; the system's authorities if empty
	App          AppConfig    `yaml:"app,omitempty"`     // the GitHub App that Ramp is
	Token        field.Secret `yaml:"token,omitempty"`   // in place of an App: an owner's personal access token
	// People are the users whom the requesters' ids are. The number decides: logins can be
	// changed, and then taken by somebody else.
	People  map[string]Person `yaml:"people,omitempty"`
	Managed ManagedConfig     `yaml:"managed,omitempty"`
	Allow   []AllowConfig     `yaml:"allow"` // the most that contracts may give
	// Describe says more of teams and repositories in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
	// Consistency is how long GitHub may show an old state; 5 s if zero.
	Consistency access.Duration `yaml:"consistency,omitempty"`
}

// AppConfig is one installation of a GitHub App.
type AppConfig struct {
	ID           string       `yaml:"id"`           // the App's client id, or its number
	Installation string       `yaml:"installation"` // the number of its installation in the organisation
	Key          field.Secret `yaml:"key"`          // the App's private key, PEM
}

// ManagedConfig is of an enterprise with managed users: whoever is not among People has the
// login that GitHub makes of the identity provider's user name.
type ManagedConfig struct {
	Suffix string `yaml:"suffix"`           // the enterprise's short code, with the underscore before it
	Domain string `yaml:"domain,omitempty"` // what the requesters' ids have after the @; empty if they have none
}

// Person is one user of GitHub.
type Person struct {
	Login string `yaml:"login"`
	ID    int64  `yaml:"id"` // the number, which never changes
}

// AllowConfig allows each of its roles in each of its teams, and each of its repository
// roles in each of its repositories.
type AllowConfig struct {
	Teams           []string `yaml:"teams,omitempty"` // slugs; * for every team
	Roles           []string `yaml:"roles,omitempty"` // member, maintainer
	Repositories    []string `yaml:"repositories,omitempty"`
	RepositoryRoles []string `yaml:"repositoryRoles,omitempty"` // read, triage, write, maintain, admin, or a role of the organisation's own
	// MayAddPeople says that roles are meant with which the person can add others, who stay
	// after the end, and through whom they can come back: maintainer and admin.
	MayAddPeople bool `yaml:"mayAddPeople,omitempty"`
}

const (
	everything         = "*"
	publicAddress      = "https://api.github.com"
	defaultConsistency = access.Duration(5 * time.Second)
	maxConsistency     = access.Duration(5 * time.Minute)
)

var (
	loginShape  = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9]|-)*(?:_[A-Za-z0-9]+)?$`)
	slugShape   = regexp.MustCompile(`^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?$`)
	repoShape   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,100}$`)
	roleShape   = regexp.MustCompile(`^[A-Za-z0-9](?:[A-Za-z0-9 _-]{0,60}[A-Za-z0-9])?$`)
	suffixShape = regexp.MustCompile(`^_[A-Za-z0-9]{3,8}$`)
	numberShape = regexp.MustCompile(`^[0-9]{1,18}$`)
	appShape    = regexp.MustCompile(`^[A-Za-z0-9.]{1,60}$`)
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

// validate is Validate, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	require := issues.Require
	require(loginShape.MatchString(c.Organisation), "organisation_malformed", "organisation", "the login of the organisation is needed, such as acme")
	issues = append(issues, integrations.CheckAddress("address", c.Address)...)
	issues = append(issues, c.validateCredentials()...)
	issues.Require(len(c.People) > 0 || c.Managed != (ManagedConfig{}), "people_missing", "people", "it is needed which of GitHub's users the requesters' ids are: people, or managed")
	users := map[int64]string{}
	for _, id := range slices.Sorted(maps.Keys(c.People)) {
		p, place := c.People[id], "people."+access.Clip(id, 60)
		issues.Require(loginShape.MatchString(p.Login), "login_malformed", place+".login", "%q is no login of GitHub", access.Clip(p.Login, 40))
		issues.Require(p.ID > 0, "id_missing", place+".id", "the user's number is needed, since logins can be changed: gh api users/LOGIN --jq .id")
		issues.Require(users[p.ID] == "" || p.ID <= 0, "id_twice", place+".id", "%s has the same user: two people would share what is counted for one", access.Clip(users[p.ID], 60))
		users[p.ID] = id
	}
	issues.Require(c.Managed == (ManagedConfig{}) || suffixShape.MatchString(c.Managed.Suffix), "suffix_malformed", "managed.suffix", "an underscore and the enterprise's short code of 3 to 8 letters and digits are needed, such as _acme")
	issues.Require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	issues = append(issues, c.validateAllow()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listTeams:        func(v string) bool { return slugShape.MatchString(v) && c.gives(v, "") },
		listRepositories: func(v string) bool { return repoShape.MatchString(v) && c.gives("", v) },
	})...)
}

func (c Config) validateCredentials() (issues access.Issues) {
	app := c.App != AppConfig{}
	issues.Require(app != !c.Token.IsZero(), "credentials_one", "app", "one of app and token is needed, and not both")
	if app {
		issues.Require(appShape.MatchString(c.App.ID), "app_malformed", "app.id", "the App's client id or number is needed, in quotes")
		issues.Require(numberShape.MatchString(c.App.Installation), "installation_malformed", "app.installation", "the number of the installation is needed, in quotes")
		issues.Require(!c.App.Key.IsZero(), "key_missing", "app.key", "the App's private key is needed: file:PATH or env:NAME")
	}
	for place, s := range map[string]field.Secret{"app.key": c.App.Key, "token": c.Token} {
		if err := s.Validate(); err != nil {
			issues.Add("secret_malformed", place, "%s", err)
		}
	}
	return issues
}

func (c Config) validateAllow() (issues access.Issues) {
	issues.Require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: teams with roles, repositories with repositoryRoles")
	each := func(place, what string, shape *regexp.Regexp, values []string) {
		for _, v := range values {
			issues.Require(v == everything && shape != roleShape || shape.MatchString(v), "allow_malformed", place, "%q is no %s", access.Clip(v, 60), what)
		}
	}
	for i, rule := range c.Allow {
		place := fmt.Sprintf("allow[%d]", i)
		issues.Require((len(rule.Teams) > 0) == (len(rule.Roles) > 0), "allow_incomplete", place, "teams and roles are needed together")
		issues.Require((len(rule.Repositories) > 0) == (len(rule.RepositoryRoles) > 0), "allow_incomplete", place, "repositories and repositoryRoles are needed together")
		issues.Require(len(rule.Teams)+len(rule.Repositories) > 0, "allow_incomplete", place, "teams or repositories are needed")
		each(place+".teams", "team's slug, nor *", slugShape, rule.Teams)
		each(place+".repositories", "repository's name without its owner, nor *", repoShape, rule.Repositories)
		each(place+".repositoryRoles", "role", roleShape, rule.RepositoryRoles)
		adds := slices.DeleteFunc(slices.Concat(rule.Roles, rule.RepositoryRoles), func(r string) bool { return !addsPeople(r) })
		issues.Require(rule.MayAddPeople || len(adds) == 0, "allow_adds_people", place+".mayAddPeople",
			"a person with one of these roles can add people or teams, who stay after the end, and GitHub's API does not say which came during access: %s; leave it out, or write mayAddPeople: true", strings.Join(adds, ", "))
		issues.Require(!rule.MayAddPeople || len(adds) > 0, "allow_adds_nobody", place+".mayAddPeople", "is for maintainer and admin, and this rule has neither")
		for _, r := range rule.Roles {
			issues.Require(r == "member" || r == "maintainer", "allow_role", place+".roles", "%q is neither member nor maintainer", access.Clip(r, 40))
		}
	}
	return issues
}

// addsPeople reports whether a person with a role, in a team or in a repository, can add
// others to it, by the names of GitHub's own roles in any case of letters. What a role of the
// organisation's own leads to, who made it knows.
func addsPeople(role string) bool {
	return strings.EqualFold(role, "maintainer") || strings.EqualFold(role, "admin")
}

// gives reports whether some rule has the team, or the repository. The other is empty.
func (c Config) gives(team, repository string) bool {
	return slices.ContainsFunc(c.Allow, func(r AllowConfig) bool {
		return team != "" && has(r.Teams, team) || repository != "" && has(r.Repositories, repository)
	})
}

func has(list []string, v string) bool {
	return slices.Contains(list, v) || slices.Contains(list, everything)
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
	at := jsonhttp.Config{Address: c.Address, CAFile: c.CAFile, Token: c.Token}
	d := dialect()
	var app *jsonhttp.Client
	var err error
	if c.App != (AppConfig{}) {
		asApp := dialect()
		key := c.App.Key.Cached()
		asApp.Token = func(ctx context.Context) (string, error) { return c.App.sign(ctx, key) }
		if app, err = at.Open(asApp, between); err != nil {
			return nil, err
		}
		if d.Tokens, err = at.OpenTokens("GitHub", key, c.App.askToken(app), between); err != nil {
			return nil, err
		}
	}
	client, err := at.Open(d, between)
	if err != nil {
		return nil, err
	}
	s := &service{config: c, client: client, app: app}
	return &target{Target: membership.New(s, c.Consistency.Std()), service: s}, nil
}
