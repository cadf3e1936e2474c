package main

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// TestHelpFitsATerminal: no line of a command's help is wider than a usual terminal, but for
// examples, which are copied whole, and single words.
func TestHelpFitsATerminal(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		var b bytes.Buffer
		c.SetOut(&b)
		require.NoError(t, c.Help())
		text, _, _ := strings.Cut(b.String(), "\nUsage:\n")
		_, flags, _ := strings.Cut(b.String(), "\nFlags:\n")
		for _, line := range strings.Split(text+"\n"+flags, "\n") {
			fits := utf8.RuneCountInString(line) <= usualWidth || len(strings.Fields(line)) == 1
			require.True(t, fits, "%s: %q", c.CommandPath(), line)
		}
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" {
				walk(sub)
			}
		}
	}
	walk(root())
	require.Equal(t, "run, or\n(`ramp dev`)", flow(12, "run, or (`ramp dev`)"))
	require.Equal(t, "one two\nthree\n\n  kept as it is, whatever its width\nfour five", flow(10, "one\ntwo three\n\n  kept as it is, whatever its width\nfour\nfive\n"))
}
