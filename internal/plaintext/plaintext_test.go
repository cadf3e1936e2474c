package plaintext

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCase99WhatOthersWrote: no text gives its reader a line of its own, turns the
// direction of text or moves a cursor, in whichever way it is shown.
func TestCase99WhatOthersWrote(t *testing.T) {
	text := "pay\u202Eday\r\n\tBcc: x\x1b[2J\u200b\xff"
	require.Equal(t, "payday  Bcc: x[2J", strings.ReplaceAll(Strip(text), "   ", "  "))
	require.False(t, IsLine(text))
	require.True(t, IsLine("payday"))
	require.Equal(t, "pay day Bcc: x [2J", Line(text, 80))
	require.Equal(t, "pay day…", Line(text, 7))
	require.Equal(t, "pay day\nBcc: x [2J", Lines(text, 80))
	require.Equal(t, "pay·day···Bcc: x·[2J··", Dotted(text, false))
	require.Equal(t, "pay·day·\n\tBcc: x·[2J··", Dotted(text, true))
}

func TestMisleads(t *testing.T) {
	require.True(t, Misleads('a', '\uFE0F'), "a selector after a letter")
	require.False(t, Misleads('☀', '\uFE0F'), "and after a symbol")
	require.True(t, Misleads(0, '\u2800'))
	require.False(t, Misleads(0, 'ß'))
}
