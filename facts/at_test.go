package facts

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// TestAt: what a file says is as old as it was at the time that is asked about, and so
// are its shifts.
func TestAt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "facts.yaml")
	log, _ := logs.NewNullLogger()
	asked := func(text, at string) access.Fact {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		when, err := time.Parse(time.RFC3339, at)
		require.NoError(t, err)
		f := New(map[string]Config{"s": {File: field.File(path), MaxAge: access.Duration(time.Hour)}}, log, nil)
		return f.At(when).Ask(t.Context(), onCallQuestion)[0]
	}
	const early, late = "onCall: {db: [{people: [erin], until: '2026-01-31T12:00:00Z'}]}\n", "asOf: '2026-01-31T11:00:00Z'\n"
	require.Equal(t, []string{"erin"}, asked(early, "2026-01-31T11:30:00Z").OnCall.People)
	require.Empty(t, asked(early, "2026-01-31T12:00:00Z").OnCall.People, "the shift was over")
	require.Equal(t, access.FactKnown, asked(late+early, "2026-01-31T11:30:00Z").State)
	require.Equal(t, access.FactUnknown, asked(late+early, "2026-01-31T12:30:00Z").State, "an hour and a half old")
	require.Equal(t, access.FactUnknown, asked(late+early, "2026-01-31T10:00:00Z").State, "still to come")
}
