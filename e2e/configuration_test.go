package e2e

import (
	"os"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
)

// configuration is a configuration that a test changes before processes start with it.
type configuration struct {
	in *installation
	doc
}

// configured waits until `ramp dev` has written the configuration of the installation.
func (in *installation) configured() {
	in.Helper()
	in.eventually(2*time.Minute, "the configuration is written", func() bool {
		_, err := os.Stat(in.config())
		return err == nil
	})
}

// configuration reads the configuration of the installation, as `ramp dev` wrote it.
func (in *installation) configuration() configuration {
	in.Helper()
	b, err := os.ReadFile(in.config())
	require.NoError(in, err)
	c := configuration{in: in}
	require.NoError(in, yaml.Unmarshal(b, &c.doc))
	return c
}

// section returns a part of the configuration that is there, such as worker, targets.
func (c configuration) section(path ...string) doc {
	c.in.Helper()
	part := c.doc
	for _, name := range path {
		next, ok := part[name].(doc)
		require.True(c.in, ok, "%s of %v of the configuration", name, path)
		part = next
	}
	return part
}

// write writes the configuration to a file.
func (c configuration) write(path string) {
	c.in.Helper()
	b, err := yaml.Marshal(c.doc)
	require.NoError(c.in, err)
	require.NoError(c.in, os.WriteFile(path, b, 0o600))
}

// reconfigure changes the configuration of the installation.
func (in *installation) reconfigure(change func(configuration)) {
	in.Helper()
	c := in.configuration()
	change(c)
	c.write(in.config())
}
