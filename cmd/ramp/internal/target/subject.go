package target

import (
	"os/exec"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/command"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/integrations/webhook"
)

const timeout = 30 * time.Second // of one call

// subjectFlags say which program or service a command is about.
type subjectFlags struct{ url, secret, caFile string }

func (s *subjectFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.url, "url", "", "the service's address, instead of a program")
	c.Flags().StringVar(&s.secret, "secret", "", "a file with the service's secret: whsec_ and 24 to 64 bytes in base64")
	c.Flags().StringVar(&s.caFile, "ca-file", "", "certificate authorities (PEM) of the service; the system's if it is left out")
}

// check refuses a program beside a service, and neither.
func (s *subjectFlags) check(args []string) error {
	switch {
	case (s.url == "") == (len(args) == 0):
		return access.Errorf(access.CodeInvalid, "name either a program, behind --, or a service, by --url and --secret")
	case s.url != "" && s.secret == "":
		return access.Errorf(access.CodeInvalid, "--secret is needed: calls of a service are signed")
	}
	return nil
}

// caller returns what calls the program or the service.
func (s *subjectFlags) caller(args []string) (program.Caller, error) {
	if err := s.check(args); err != nil {
		return nil, err
	}
	if s.url != "" {
		c := webhook.Config{URL: s.url, CAFile: field.File(s.caFile), Secrets: []field.Secret{field.SecretFile(s.secret)}, Description: "-"}
		if err := c.Validate("").Err(); err != nil {
			return nil, err
		}
		return c.Caller()
	}
	path, err := exec.LookPath(args[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%w", err)
	}
	return command.Config{Command: append([]string{path}, args[1:]...)}.Caller("exec/tested")
}
