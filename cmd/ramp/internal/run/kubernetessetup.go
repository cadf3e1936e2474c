package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/integrations/kubernetes"
)

func kubernetesSetupCommand() *cobra.Command {
	return setupCommand("kubernetes", &cobra.Command{
		Short: "Print what a Kubernetes cluster needs",
		Long: "Prints the manifest with which an administrator lets a target of kind kubernetes give what its configuration lists,\n" +
			"and nothing else: namespaces, Ramp's own service account with its rights, and three admission policies.\n" +
			"Apply it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It makes no token for Ramp's account. docs/targets/kubernetes.md says what each part is for.",
		Example: "  ramp kubernetes-setup kubernetes/prod --config /etc/ramp/ramp.yaml | kubectl apply -f -",
	}, func(name string, cluster kubernetes.Config) (map[string]any, func(io.Writer), error) {
		manifest, err := cluster.Setup(name)
		return map[string]any{"manifest": manifest}, func(w io.Writer) { fmt.Fprint(w, manifest) }, err
	})
}
