package hostfiles_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// Whatever is in a principals file: nothing of others is lost, and what Ramp
// drops is gone.
func FuzzPrincipals(f *testing.F) {
	for _, seed := range []string{
		"", "alice", "# x\n\nalice\r\nbob", grantA, "  " + grantA + "  # x", `command="` + grantA + `" x`,
		hostfiles.GrantLine(grantA, noon, "10.0.0.0/8", `say "x"`), "\x00\n" + grantA + "\x00", `expiry-time="`, "\t" + grantA,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		before := bytes.Clone(content)
		rest, dropped := hostfiles.Drop(content, grantA)
		require.Equal(t, before, content, "the input was changed")
		_, still := hostfiles.Find(rest, grantA)
		require.False(t, still)
		if !dropped {
			require.Equal(t, string(content), string(rest))
		}

		with := hostfiles.Append(rest, hostfiles.GrantLine(grantA, noon, "", ""))
		line, ok := hostfiles.Find(with, grantA)
		require.True(t, ok)
		require.NoError(t, line.Err)
		again, _ := hostfiles.Drop(with, grantA)
		require.Equal(t, strings.TrimSuffix(string(rest), "\n"), strings.TrimSuffix(string(again), "\n"))
		require.Len(t, hostfiles.Lines(again), len(hostfiles.Lines(rest)))
	})
}

// What is written reads back as it was meant, so that no limit is lost and none
// of the user's text becomes an option.
func FuzzGrantLine(f *testing.F) {
	f.Add("uptime", int64(0))
	f.Add(`x" ramp`, int64(1e9))
	f.Add(`",from="0.0.0.0/0`, int64(1))
	f.Fuzz(func(t *testing.T, command string, seconds int64) {
		at := noon.Add(time.Duration(seconds%1e9) * time.Second)
		if !hostfiles.CommandFits(command) {
			return
		}
		l := hostfiles.ParseLine(hostfiles.GrantLine(grantA, at, "10.0.0.0/8", command))
		require.NoError(t, l.Err)
		require.Equal(t, grantA, l.Principal)
		require.Equal(t, command, l.Options.Command)
		require.Equal(t, "10.0.0.0/8", l.Options.From)
		require.True(t, at.Equal(l.Options.ExpiresAt))
	})
}
