package kubernetes

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Config configures one cluster, or a part of it.
type Config struct {
	jsonhttp.Config `yaml:",inline"` // of the API server
	// Clients is the address that people connect to, if it is another one.
	Clients string `yaml:"clients,omitempty"`
	// Account is Ramp's own service account, as NAMESPACE/NAME; ramp-system/worker if empty.
	Account string `yaml:"account,omitempty"`
	// Home is the namespace of the grants' service accounts; ramp-grants if empty. Nothing
	// else may be in it, no account of another target's grants either.
	Home         string   `yaml:"home,omitempty"`
	Namespaces   []string `yaml:"namespaces,omitempty"`   // that contracts may give access to
	Roles        []string `yaml:"roles,omitempty"`        // that contracts may give, each of the namespace's own
	ClusterRoles []string `yaml:"clusterRoles,omitempty"` // that contracts may give in a namespace
	WholeCluster []string `yaml:"wholeCluster,omitempty"` // cluster roles that contracts may give everywhere
	// Describe says more of namespaces and roles in the inventory.
	Describe integrations.Described `yaml:"describe,omitempty"`
}

var (
	// namespaceShape is RFC 1123's label, as Kubernetes has it for namespaces.
	namespaceShape = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	accountShape   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?/[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)
	// roleShape is narrower than Kubernetes', which takes whatever fits into a path.
	roleShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._-]{0,99}$`)
	// systemRole matches the roles of the cluster's own parts. cluster-admin may undo
	// whatever ends its access.
	systemRole = regexp.MustCompile(`^(system:.*|cluster-admin)$`)
)

func (c Config) withDefaults() Config {
	c.Address, c.Clients = strings.TrimSuffix(c.Address, "/"), strings.TrimSuffix(c.Clients, "/")
	if c.Clients == "" {
		c.Clients = c.Address
	}
	if c.Account == "" {
		c.Account = "ramp-system/worker"
	}
	if c.Home == "" {
		c.Home = "ramp-grants"
	}
	for _, list := range []*[]string{&c.Namespaces, &c.Roles, &c.ClusterRoles, &c.WholeCluster} {
		*list = slices.Sorted(slices.Values(*list))
	}
	return c
}

// Open returns the target. It does not call the API server: the target of one that is
// down opens, and fails its Ping. Errors are of code invalid, with every issue, or
// unavailable.
func (c Config) Open(ctx context.Context, name string) (integrations.Target, error) {
	return c.open(ctx, name, nil)
}

// open lets tests put a transport between the target and the API server.
func (c Config) open(_ context.Context, name string, between func(http.RoundTripper) http.RoundTripper) (*target, error) {
	if issues := c.Validate(name); len(issues) > 0 {
		return nil, access.Invalid(issues...)
	}
	c = c.withDefaults()
	client, err := c.Config.Open(dialect(), between)
	return &target{name: name, config: c, api: api{client}, seen: &snapshot{}}, err
}

// Validate returns everything that is wrong. It does not reach for the API server.
func (c Config) Validate(string) access.Issues {
	issues := c.Config.Validate()
	if c.Clients != "" {
		issues = append(issues, integrations.CheckAddress("clients", c.Clients)...)
	}
	c = c.withDefaults()
	issues.Require(accountShape.MatchString(c.Account), "account_malformed", "account", "Ramp's own service account is like ramp-system/worker")
	issues.Require(namespaceShape.MatchString(c.Home), "namespace_malformed", "home", "%q is not the name of a namespace", access.Clip(c.Home, 40))
	own, _, _ := strings.Cut(c.Account, "/")
	issues.Require(c.Home != own, "home_shared", "home", "%s has Ramp's own service account; the grants' accounts need a namespace to themselves", access.Clip(c.Home, 40))
	issues.Require(!slices.Contains(c.Namespaces, c.Home), "home_shared", "namespaces", "nobody gets access to %s, which has the grants' service accounts", access.Clip(c.Home, 40))
	issues.Require(!slices.Contains(c.Namespaces, own), "account_given", "namespaces", "nobody gets access to %s, which has Ramp's own service account", access.Clip(own, 40))
	namespaced := len(c.Roles)+len(c.ClusterRoles) > 0
	issues.Require(namespaced || len(c.WholeCluster) > 0, "roles_missing", "roles", "at least one of roles, clusterRoles and wholeCluster is needed")
	issues.Require(namespaced == (len(c.Namespaces) > 0), "namespaces_missing", "namespaces", "roles and clusterRoles need namespaces, and the other way round")
	for i, n := range c.Namespaces {
		issues.Require(namespaceShape.MatchString(n), "namespace_malformed", "namespaces", "%q is not the name of a namespace", access.Clip(n, 40))
		issues.Require(i == 0 || n != c.Namespaces[i-1], "namespace_duplicate", "namespaces", "%s is listed twice", access.Clip(n, 40))
	}
	for _, list := range c.roleLists() {
		for i, r := range list.names {
			issues.Require(roleShape.MatchString(r), "role_malformed", list.field, "%q is not the name of a role (letters, digits and :._- are allowed)", access.Clip(r, 40))
			issues.Require(!systemRole.MatchString(r), "role_never", list.field, "%s is never given", access.Clip(r, 40))
			issues.Require(i == 0 || r != list.names[i-1], "role_duplicate", list.field, "%s is listed twice", access.Clip(r, 40))
		}
	}
	lists := map[string]func(string) bool{listNamespaces: func(v string) bool { return slices.Contains(c.Namespaces, v) }}
	for _, list := range c.roleLists() {
		lists[list.inventory] = func(v string) bool { return slices.Contains(list.names, v) }
	}
	return append(issues, c.Describe.Validate(lists)...)
}

// roleList is one of the configuration's lists of roles.
type roleList struct {
	field, inventory string
	names            []string
}

func (c Config) roleLists() []roleList {
	return []roleList{{"roles", listRoles, c.Roles}, {"clusterRoles", listClusterRoles, c.ClusterRoles}, {"wholeCluster", listWholeCluster, c.WholeCluster}}
}
