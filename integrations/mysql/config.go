package mysql

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"regexp"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/secret"
)

// Config configures one MariaDB server.
type Config struct {
	Address  string       `yaml:"address"`           // host:port of the primary
	Clients  string       `yaml:"clients,omitempty"` // host:port that people connect to; Address if empty
	User     string       `yaml:"user,omitempty"`    // Ramp's own account; ramp
	Password field.Secret `yaml:"password"`          // Ramp's own; read for every operation, so it may rotate; what Vault returns is used for up to 30 seconds
	TLS      string       `yaml:"tls,omitempty"`     // verify-full, or disable on this machine only
	CAFile   field.File   `yaml:"caFile,omitempty"`  // PEM; who may have signed the server's certificate
	// Objects are the privileges that contracts may give, by table (sales.orders) or
	// database (sales.*), each name in backticks if it has other characters than letters,
	// digits and _.
	Objects map[string][]string `yaml:"objects,omitempty"`
	Roles   []string            `yaml:"roles,omitempty"` // which contracts may give
	// RolesMayCreate lets contracts give roles that may create views, routines, triggers or
	// events, which act with the grant's rights when others use them.
	RolesMayCreate bool `yaml:"rolesMayCreate,omitempty"`
	// From are the hosts from which people may connect, as in an account's name: a pattern
	// with % or a network as 10.1.0.0/255.255.0.0; % if empty.
	From string `yaml:"from,omitempty"`
	// Connections is how many sessions each pick-up may have at a time; 5.
	Connections int `yaml:"connections,omitempty"`
	// Authentication is the plugin by which people log in: ed25519, or
	// mysql_native_password for clients that lack it; ed25519.
	Authentication string `yaml:"authentication,omitempty"`
	// Expiry is event, where the server itself ends access on time, or none, where only
	// Ramp does; event.
	Expiry string `yaml:"expiry,omitempty"`
	// Sessions is how Ramp knows whose a session is: performance_schema, by who logged in, or
	// processlist, by whose rights it acts with, which hides one that is inside somebody
	// else's routine; performance_schema.
	Sessions string `yaml:"sessions,omitempty"`
	// Describe says more of the roles and objects in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

const (
	verifyFull     = "verify-full"
	disable        = "disable"
	ed25519Plugin  = "ed25519"
	nativePlugin   = "mysql_native_password"
	byEvent        = "event"
	noExpiry       = "none"
	byLogin        = "performance_schema"
	byProcesslist  = "processlist"
	maxConnections = 100
)

var (
	userShape = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,25}$`)
	fromShape = regexp.MustCompile(`^[A-Za-z0-9.:%_/-]{1,60}$`)
)

// withDefaults fills in what is left out, and puts the roles in order.
func (c Config) withDefaults() Config {
	fill := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	fill(&c.Clients, c.Address)
	fill(&c.User, "ramp")
	fill(&c.TLS, verifyFull)
	fill(&c.From, "%")
	fill(&c.Authentication, ed25519Plugin)
	fill(&c.Expiry, byEvent)
	fill(&c.Sessions, byLogin)
	if c.Connections == 0 {
		c.Connections = 5
	}
	c.Roles = slices.Sorted(slices.Values(c.Roles))
	return c
}

// Validate returns everything that is wrong. It does not reach for the server.
func (c Config) Validate(string) access.Issues {
	c = c.withDefaults()
	addresses := integrations.CheckHostPort("address", c.Address, "db.example.com:3306")
	if c.Clients != c.Address {
		addresses = append(addresses, integrations.CheckHostPort("clients", c.Clients, "db.example.com:3306")...)
	}
	issues := slices.Clone(addresses)
	issues.Require(userShape.MatchString(c.User), "user_malformed", "user", "an account is like ramp: lower case, digits and _, at most 26 of them")
	issues.Require(!c.Password.IsZero(), "password_missing", "password", "the password of Ramp's own account is needed: file:PATH or env:NAME")
	if err := c.Password.Validate(); err != nil {
		issues.Add("password_malformed", "password", "%s", err)
	}
	switch c.TLS {
	case verifyFull:
		issues.Require(c.CAFile != "", "ca_missing", "caFile", "the authorities of the server's certificate are needed: people's clients have none of their own")
	case disable:
		issues.Require(c.CAFile == "", "ca_unused", "caFile", "without TLS there is no certificate to verify")
		issues.Require(len(addresses) > 0 || integrations.OnThisMachine(c.Address) && integrations.OnThisMachine(c.Clients), "address_insecure", "tls", "TLS can be left out on this machine only")
	default:
		issues.Add("tls_unknown", "tls", "%q is unknown; known are %s, %s", access.Clip(c.TLS, 20), disable, verifyFull)
	}
	issues.Require(slices.Contains([]string{ed25519Plugin, nativePlugin}, c.Authentication), "authentication_unknown", "authentication", "%q is unknown; known are %s, %s", access.Clip(c.Authentication, 40), ed25519Plugin, nativePlugin)
	issues.Require(slices.Contains([]string{byEvent, noExpiry}, c.Expiry), "expiry_unknown", "expiry", "%q is unknown; known are %s, %s", access.Clip(c.Expiry, 20), byEvent, noExpiry)
	issues.Require(slices.Contains([]string{byLogin, byProcesslist}, c.Sessions), "sessions_unknown", "sessions", "%q is unknown; known are %s, %s", access.Clip(c.Sessions, 40), byLogin, byProcesslist)
	issues.Require(fromShape.MatchString(c.From), "from_malformed", "from", "the hosts that people connect from are like %%, 10.1.%% or 10.1.0.0/255.255.0.0")
	issues.Require(c.Connections >= 1 && c.Connections <= maxConnections, "connections_range", "connections", "1 to %d sessions are possible", maxConnections)
	for i, r := range c.Roles {
		if problem := c.badRole(r); problem != "" {
			issues.Add("role_never", "roles", "%q %s", access.Clip(r, maxName), problem)
		}
		issues.Require(!slices.Contains(c.Roles[:i], r), "role_duplicate", "roles", "%s is listed twice", access.Clip(r, maxName))
	}
	issues = append(issues, c.validateObjects()...)
	issues.Require(len(c.Roles)+len(c.Objects) > 0, "nothing_to_give", "roles", "at least one role or one object is needed")
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listRoles:   func(v string) bool { return slices.Contains(c.Roles, v) },
		listObjects: func(v string) bool { return slices.Contains(c.objects(), v) },
	})...)
}

// objects returns what contracts may give privileges on, in order.
func (c Config) objects() []string { return slices.Sorted(maps.Keys(c.Objects)) }

// Open returns the target. It does not call the server: the target of one that is down
// opens, and fails its Ping. Errors are of code invalid, with every issue, or
// unavailable (the file of authorities cannot be read).
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, nil)
}

// open lets tests put something around each exchange between the target and the server.
func (c Config) open(_ context.Context, name string, around func(exchange func() error) error) (*target, error) {
	if issues := c.Validate(name); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	c = c.withDefaults()
	t := &target{name: name, config: c, password: c.Password.Cached(), around: around}
	if c.CAFile == "" {
		return t, nil
	}
	trusted, authorities, err := c.CAFile.Authorities()
	if err != nil {
		return nil, err
	}
	host, _, _ := net.SplitHostPort(c.Address)
	t.authorities, t.tls = string(authorities), &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: trusted}
	return t, nil
}

type target struct {
	name        string
	config      Config
	password    *secret.Cached
	tls         *tls.Config // nil is none
	authorities string      // in PEM
	around      func(exchange func() error) error
}
