package credential

import (
	"crypto/x509"
	"encoding/json"
	"regexp"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

const maxToken = 16 << 10 // bytes

var (
	// bearerToken is a JWT, or what a proxy in front of an API server takes in its place.
	bearerToken = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`)
	namespace   = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
)

// kubeconfig writes a file of its own for kubectl and all that reads such files, with one
// context, ramp, and nothing in it but an address, authorities, a namespace and a token: a
// user in it could be a program to run, and a cluster a proxy. It is JSON, which is YAML.
func kubeconfig(env map[string]string, _ string) (string, error) {
	refuse := func(variable string) (string, error) {
		return "", access.Errorf(access.CodeEvidence, "the credential for Kubernetes has no usable %s; it was not used", variable)
	}
	host, authorities := env["KUBE_HOST"], env["KUBE_CLUSTER_CA_CERT_DATA"]
	switch {
	case len(integrations.CheckAddress("", host)) > 0:
		return refuse("KUBE_HOST")
	case len(env["KUBE_TOKEN"]) > maxToken || !bearerToken.MatchString(env["KUBE_TOKEN"]):
		return refuse("KUBE_TOKEN")
	case !namespace.MatchString(env["KUBE_NAMESPACE"]):
		return refuse("KUBE_NAMESPACE")
	case authorities != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(authorities)):
		return refuse("KUBE_CLUSTER_CA_CERT_DATA")
	}
	cluster := map[string]any{"server": host}
	if authorities != "" {
		cluster["certificate-authority-data"] = []byte(authorities) // in base64
	}
	named := func(kind string, content map[string]any) []any {
		return []any{map[string]any{"name": "ramp", kind: content}}
	}
	b, err := json.MarshalIndent(map[string]any{"apiVersion": "v1", "kind": "Config", "current-context": "ramp",
		"clusters": named("cluster", cluster),
		"users":    named("user", map[string]any{"token": env["KUBE_TOKEN"]}),
		"contexts": named("context", map[string]any{"cluster": "ramp", "user": "ramp", "namespace": env["KUBE_NAMESPACE"]}),
	}, "", "  ")
	return string(b) + "\n", err
}
