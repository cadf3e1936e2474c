package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMutantsFollowTheSource: a defence that was rewritten takes its mutant along.
func TestMutantsFollowTheSource(t *testing.T) {
	names := map[string]bool{}
	for _, m := range mutants() {
		_, err := m.source("../..")
		require.NoError(t, err, m.name)
		require.False(t, names[m.name], "twice: %s", m.name)
		require.NotEmpty(t, m.tests, m.name)
		names[m.name] = true
	}
}

// TestPageFollowsTheList: docs/mutants.md names every mutant.
func TestPageFollowsTheList(t *testing.T) {
	written, err := os.ReadFile("../../docs/mutants.md")
	require.NoError(t, err)
	require.Equal(t, page(mutants()), string(written), "run go run ./tools/mutants -list")
}

func TestFailureNamesTheInnermostTest(t *testing.T) {
	require.Equal(t, "TestA/b/c", failure([]byte("--- FAIL: TestA (0.1s)\n    --- FAIL: TestA/b (0.1s)\n        --- FAIL: TestA/b/c (0.1s)\n--- FAIL: TestD (0s)\n")))
	require.Equal(t, "TestA/b, which never ends", failure([]byte("panic: test timed out after 3m0s\n\trunning tests:\n\t\tTestA/b (3m0s)\n\ngoroutine 1 [running]:\n")))
	require.Empty(t, failure([]byte("FAIL\tramp.dev/ramp/x [build failed]\n")))
}
