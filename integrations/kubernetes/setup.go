package kubernetes

import (
	"crypto/sha256"
	_ "embed" // for setup.yaml
	"encoding/hex"
	"encoding/json"
	"strings"
	"text/template"
)

//go:embed setup.yaml
var setupTemplate string

// annotationSetup is the digest of the setup that a policy belongs to.
const annotationSetup = "ramp.dev/setup"

// Setup returns what an administrator applies to the cluster so that Ramp's own account
// can give what the configuration lists, and nothing else: YAML for kubectl. Applying it
// again is right, and needed when the lists change. The configuration must be valid.
func (c Config) Setup(target string) (string, error) {
	text, _, err := c.withDefaults().setup(target)
	return text, err
}

// setup returns the manifest, and the digest by which it is known.
func (c Config) setup(target string) (text, digest string, err error) {
	if text, err = c.fill(target, ""); err != nil {
		return "", "", err
	}
	sum := sha256.Sum256([]byte(text))
	digest = hex.EncodeToString(sum[:16])
	text, err = c.fill(target, digest)
	return text, digest, err
}

// policies are the names of the admission policies.
func (c Config) policies() []string {
	return []string{"ramp-worker-" + c.Home, "ramp-grants-" + c.Home, "ramp-home-" + c.Home}
}

func (c Config) fill(target, digest string) (string, error) {
	list := func(names []string) (string, error) { // a list of JSON is one of YAML
		b, err := json.Marshal(names)
		return string(b), err
	}
	parsed, err := template.New("setup").Funcs(template.FuncMap{"list": list}).Parse(setupTemplate)
	if err != nil {
		return "", err
	}
	namespace, name, _ := strings.Cut(c.Account, "/")
	var out strings.Builder
	err = parsed.Execute(&out, struct {
		Config
		Target, AccountNamespace, AccountName, Digest string
		Policies                                      []string
	}{c, target, namespace, name, digest, c.policies()})
	return out.String(), err
}
