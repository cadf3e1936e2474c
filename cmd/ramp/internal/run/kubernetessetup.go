package run

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/integrations/kubernetes"
)

func kubernetesSetupCommand() *cobra.Command {
	var f configured
	c := &cobra.Command{
		Use: "kubernetes-setup [TARGET]", Short: "Print what a Kubernetes cluster needs", Args: cobra.MaximumNArgs(1),
		Long: "Prints the manifest with which an administrator lets a target of kind kubernetes give what its configuration lists,\n" +
			"and nothing else: namespaces, Ramp's own service account with its rights, and three admission policies.\n" +
			"Apply it again when the configuration or Ramp's version changes; `ramp doctor` says when that is needed.\n\n" +
			"It makes no token for Ramp's account. docs/targets/kubernetes.md says what each part is for.",
		Example: "  ramp kubernetes-setup kubernetes/prod --config /etc/ramp/ramp.yaml | kubectl apply -f -",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := config.Load(f.path)
			if err != nil {
				return err
			}
			name, cluster, err := targetOf[kubernetes.Config](c, "kubernetes", args)
			if err != nil {
				return err
			}
			if issues := cluster.Validate(name); len(issues) > 0 {
				return access.Invalid(issues...)
			}
			manifest, err := cluster.Setup(name)
			if err != nil {
				return err
			}
			return f.format.Print(cmd.OutOrStdout(), map[string]any{"target": name, "manifest": manifest}, func(w io.Writer) { fmt.Fprint(w, manifest) })
		},
	}
	f.flags(c, "the worker's")
	return c
}
