package config

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase82ConfigurationIsWhatIsSeen: tags, aliases and characters that do not
// show are refused at their place.
func TestCase82ConfigurationIsWhatIsSeen(t *testing.T) {
	for text, want := range map[string]string{
		"ledger:\n  address: !!binary c3FsaXRlOng=\n":  ":2:12: tags are not taken",
		"ledger: &a {address: x}\n":                    ":1:9: anchors and aliases are not taken",
		"ledger:\n  address: x # \u202e\n":             ":2:16: the character U+202E does not show",
		"server: {listen: \"127.0.0.1\u200b:8080\"}\n": ":1:28: the character U+200B does not show",
		"\xff\xfel\x00e\x00":                           ": this file is not UTF-8",
	} {
		path := filepath.Join(t.TempDir(), "ramp.yaml")
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := Load(path)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err))
		require.ErrorContains(t, err, path+want)
	}
}

// TestCase83ConfigurationWithByteOrderMark, as some editors write.
func TestCase83ConfigurationWithByteOrderMark(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ramp.yaml")
	require.NoError(t, os.WriteFile(path, []byte("\ufeffserver: {listen: '127.0.0.1:8080'}\n"), 0o600))
	_, err := Load(path)
	require.NoError(t, err)
}
