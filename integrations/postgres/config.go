package postgres

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/secret"
)

// Config configures one Postgres server, which has the databases and roles of a cluster.
type Config struct {
	Address  string       `yaml:"address"`           // host:port of the primary
	Clients  string       `yaml:"clients,omitempty"` // host:port that people connect to; Address if empty
	User     string       `yaml:"user,omitempty"`    // Ramp's own login; ramp
	Password field.Secret `yaml:"password"`          // Ramp's own; read for every operation, so it may rotate; what Vault returns is used for up to 30 seconds
	TLS      string       `yaml:"tls,omitempty"`     // verify-full, or disable on this machine only
	CAFile   field.File   `yaml:"caFile,omitempty"`  // PEM; who may have signed the server's certificate
	// Databases are those that people may connect to, by name.
	Databases map[string]Database `yaml:"databases"`
	// Home is the database with Ramp's own records; the only one, if there is one.
	Home  string   `yaml:"home,omitempty"`
	Roles []string `yaml:"roles,omitempty"` // which contracts may make people members of
	// RolesMayCreate lets contracts give roles that may CREATE in a schema or database on
	// Postgres 14 and 15, where what people make as such a role stays that role's.
	RolesMayCreate bool `yaml:"rolesMayCreate,omitempty"`
	// Connections is how many sessions each pick-up may have at a time; 5.
	Connections int `yaml:"connections,omitempty"`
	// Describe says more of the databases, roles and tables in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

// Database is what contracts may give in one database.
type Database struct {
	// Tables are the privileges that contracts may give, by table: schema.table, each
	// quoted as in SQL if it has other characters than lower case, digits and _.
	Tables map[string][]string `yaml:"tables,omitempty"`
}

const (
	verifyFull     = "verify-full"
	disable        = "disable"
	defaultUser    = "ramp"
	maxConnections = 100
)

var (
	// A name of a database is written into connection strings, in which others would
	// be read as options.
	databaseShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)
	userShape     = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,50}$`)
)

// withDefaults fills in what is left out.
func (c Config) withDefaults() Config {
	if c.Clients == "" {
		c.Clients = c.Address
	}
	if c.User == "" {
		c.User = defaultUser
	}
	if c.TLS == "" {
		c.TLS = verifyFull
	}
	if c.Connections == 0 {
		c.Connections = 5
	}
	if c.Home == "" && len(c.Databases) == 1 {
		c.Home = c.databases()[0]
	}
	return c
}

// databases returns the databases' names in order.
func (c Config) databases() []string { return slices.Sorted(maps.Keys(c.Databases)) }

// Validate returns everything that is wrong. It does not reach for the server.
func (c Config) Validate(string) access.Issues {
	c = c.withDefaults()
	addresses := integrations.CheckHostPort("address", c.Address, "db.example.com:5432")
	if c.Clients != c.Address {
		addresses = append(addresses, integrations.CheckHostPort("clients", c.Clients, "db.example.com:5432")...)
	}
	issues := slices.Clone(addresses)
	issues.Require(userShape.MatchString(c.User) && !strings.HasPrefix(c.User, "pg_"), "user_malformed", "user", "a login is like ramp: lower case, digits and _, at most 51 of them, and not of Postgres' own")
	issues.Require(!c.Password.IsZero(), "password_missing", "password", "the password of Ramp's own login is needed: file:PATH or env:NAME")
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
	issues.Require(len(c.Databases) > 0, "databases_missing", "databases", "at least one database is needed")
	_, known := c.Databases[c.Home]
	issues.Require(known || len(c.Databases) == 0, "home_unknown", "home", "one of the databases is needed, in which Ramp keeps its records")
	issues.Require(c.Connections >= 1 && c.Connections <= maxConnections, "connections_range", "connections", "1 to %d sessions are possible", maxConnections)
	for i, r := range c.Roles {
		if problem := c.badRole(r); problem != "" {
			issues.Add("role_never", "roles", "%q %s", access.Clip(r, 63), problem)
		}
		issues.Require(!slices.Contains(c.Roles[:i], r), "role_duplicate", "roles", "%s is listed twice", access.Clip(r, 63))
	}
	tables := 0
	for _, name := range c.databases() {
		issues.Require(databaseShape.MatchString(name), "database_malformed", "databases", "%q has characters that connection strings read as options", access.Clip(name, 40))
		issues = append(issues, c.Databases[name].validate("databases."+access.Clip(name, 40))...)
		tables += len(c.Databases[name].Tables)
	}
	issues.Require(len(c.Roles)+tables > 0, "nothing_to_give", "roles", "at least one role or one table is needed")
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listDatabases: func(v string) bool { return slices.Contains(c.databases(), v) },
		listRoles:     func(v string) bool { return slices.Contains(c.Roles, v) },
		listTables:    func(v string) bool { return slices.Contains(c.tables(), v) },
	})...)
}

// tables returns the tables of all databases, each once, in order.
func (c Config) tables() []string {
	var out []string
	for _, d := range c.Databases {
		out = slices.AppendSeq(out, maps.Keys(d.Tables))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

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
	c.Roles = slices.Sorted(slices.Values(c.Roles))
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
