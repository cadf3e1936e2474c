package programtest

import (
	"context"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/command"
	"ramp.dev/ramp/integrations/program"
	"ramp.dev/ramp/integrations/webhook"
	"ramp.dev/ramp/internal/strictjson"
)

// Subject is what is tested: a program or a service.
type Subject struct {
	Command []string `json:"command,omitempty"` // absolute path and arguments
	URL     string   `json:"url,omitempty"`
	Secret  string   `json:"secret,omitempty"` // the file with the service's secret
	CAFile  string   `json:"caFile,omitempty"`
	// Probe is a program with arguments that looks at the service with its own eyes and uses
	// the access as its users do; see docs/targets/programs.md. Without one the suite goes by
	// the tested program's own word.
	Probe     []string `json:"probe,omitempty"`
	Principal string   `json:"principal,omitempty"`
	// Only is a regular expression of the parts that run: core, expiry, protocol and so on;
	// empty for all.
	Only string `json:"only,omitempty"`
}

const (
	name    = "exec/tested"
	timeout = 30 * time.Second // of one call
)

// Caller returns what calls the subject. Errors are those of a configuration.
func (s Subject) Caller() (program.Caller, error) {
	if s.URL != "" {
		c := webhook.Config{URL: s.URL, Secrets: []field.Secret{field.SecretFile(s.Secret)}, CAFile: field.File(s.CAFile), Description: "-"}
		if err := c.Validate(name).Err(); err != nil {
			return nil, err
		}
		return c.Caller()
	}
	c := command.Config{Command: s.Command, Description: "-"}
	if err := c.Validate(name).Err(); err != nil {
		return nil, err
	}
	return c.Caller(name)
}

// Describe asks the subject what it says of itself.
func (s Subject) Describe(ctx context.Context) (program.Description, error) {
	c, err := s.Caller()
	if err != nil {
		return program.Description{}, err
	}
	return program.Describe(ctx, name, c, timeout)
}

// question is what a probe is asked, one JSON object on its standard input.
type question struct {
	Probe      string             `json:"probe"` // names, remove, use or widen
	Grant      *program.Grant     `json:"grant,omitempty"`
	Credential *access.Credential `json:"credential,omitempty"`
	Way        string             `json:"way,omitempty"` // of widen: which way
}

// finding is what it replies.
type finding struct {
	Names *[]string `json:"names"` // of names
	Works *bool     `json:"works"` // of use
	Done  bool      `json:"done"`  // of remove and widen
	Ways  []string  `json:"ways"`  // of names: how widen can change a grant
}

// ask asks the probe one question.
func (s Subject) ask(ctx context.Context, q question) (f finding, err error) {
	b, err := json.Marshal(q)
	if err != nil {
		return f, err
	}
	c, err := command.Config{Command: s.Probe, Description: "-"}.Caller("the probe")
	if err != nil {
		return f, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, err := c.Call(ctx, "", b)
	if err != nil {
		return f, access.Errorf(access.CodeUnavailable, "the probe, asked for %s: %w", q.Probe, err)
	}
	if err := strictjson.UnmarshalOpen(out, &f); err != nil {
		return f, access.Errorf(access.CodeUnavailable, "the probe, asked for %s, replies no JSON: %w", q.Probe, err)
	}
	return f, nil
}

// absolute returns a command with the absolute path of its program.
func absolute(command []string) ([]string, error) {
	path, err := exec.LookPath(command[0])
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "%w", err)
	}
	return append([]string{path}, command[1:]...), nil
}
