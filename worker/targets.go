package worker

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsiam"
	"ramp.dev/ramp/integrations/azurerole"
	"ramp.dev/ramp/integrations/command"
	"ramp.dev/ramp/integrations/contractset"
	"ramp.dev/ramp/integrations/gcpiam"
	"ramp.dev/ramp/integrations/github"
	"ramp.dev/ramp/integrations/gitlab"
	"ramp.dev/ramp/integrations/identitycenter"
	"ramp.dev/ramp/integrations/kubernetes"
	"ramp.dev/ramp/integrations/mysql"
	"ramp.dev/ramp/integrations/oktagroup"
	"ramp.dev/ramp/integrations/postgres"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/integrations/terraform"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/webhook"
	"ramp.dev/ramp/ledger"
)

// Integration is the Config of one kind of target.
type Integration interface {
	// Validate returns everything that is wrong, reaching for nothing.
	Validate(name string) access.Issues
	Open(ctx context.Context, name string) (integrations.Target, error)
}

// integrationKinds is the table of integrations.
func integrationKinds() map[string]integrationKind {
	return map[string]integrationKind{
		"ssh":            kindOf[sshcert.Config](),
		"sshfleet":       kindOf[sshcert.FleetConfig](),
		"vault":          kindOf[vaulttoken.Config](),
		"aws":            kindOf[awsiam.Config](),
		"identitycenter": kindOf[identitycenter.Config](),
		"gcp":            kindOf[gcpiam.Config](),
		"okta":           kindOf[oktagroup.Config](),
		"azure":          kindOf[azurerole.Config](),
		"postgres":       kindOf[postgres.Config](),
		"terraform":      kindOf[terraform.Config](),
		"exec":           kindOf[command.Config](),
		"webhook":        kindOf[webhook.Config](),
		"kubernetes":     kindOf[kubernetes.Config](),
		"mysql":          kindOf[mysql.Config](),
		"github":         kindOf[github.Config](),
		"gitlab":         kindOf[gitlab.Config](),
		// What changes contracts is a target like others, so that all that protects access protects them.
		"contracts": kindOf[contractset.Config](),
	}
}

type integrationKind struct {
	empty  Integration
	decode func(ctx context.Context, node ast.Node) (Integration, error)
}

func kindOf[C Integration]() integrationKind {
	var empty C
	return integrationKind{empty: empty, decode: func(ctx context.Context, node ast.Node) (Integration, error) {
		var c C
		err := decodeNode(ctx, node, &c)
		return c, err
	}}
}

// decodeNode fills a struct from what is written. Fields that the struct does not
// have are not its concern: strictyaml finds those that nobody has.
func decodeNode(ctx context.Context, node ast.Node, into any) error {
	return yaml.NewDecoder(new(bytes.Buffer)).DecodeFromNodeContext(ctx, node, into)
}

// openTargets opens every configured target. One that cannot be opened is
// disabled with its reason; the others run, and those that are open already. servers are
// the keys whose decisions count.
func openTargets(ctx context.Context, configs map[string]TargetConfig, open map[string]integrations.Target, led *ledger.Ledger, signer *evidence.Signer, servers evidence.Keyring) *opening {
	o := &opening{configs: configs, broker: integrations.NewBroker(nil, nil), ledger: led, signer: signer, servers: servers}
	for name, t := range open {
		o.use(name, t)
	}
	for name := range configs {
		if _, given := open[name]; !given {
			o.open(ctx, name)
		}
	}
	return o
}

func openTarget(ctx context.Context, name string, c TargetConfig) (integrations.Target, error) {
	if c.Config == nil {
		return nil, unknownKind(c.Kind)
	}
	if err := c.Rate.Validate(); err != nil {
		return nil, err
	}
	return c.Config.Open(ctx, name)
}

func unknownKind(kind string) error {
	return access.Errorf(access.CodeInvalid, "unknown kind %q; known are %s",
		access.Clip(kind, 40), strings.Join(slices.Sorted(maps.Keys(integrationKinds())), ", "))
}

// Kinds returns the kinds of targets there are, each with its empty
// configuration.
func Kinds() map[string]Integration {
	out := map[string]Integration{}
	for name, kind := range integrationKinds() {
		out[name] = kind.empty
	}
	return out
}
