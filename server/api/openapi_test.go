package api

import (
	"os"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// document is the part of openapi.yaml that these tests read.
type document struct {
	Tags  []struct{ Name string }
	Paths map[string]map[string]any

	Components struct {
		Responses map[string]any
		Schemas   map[string]struct{ Enum []string }
	}
}

func readDocument(t *testing.T) document {
	b, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	var d document
	require.NoError(t, yaml.Unmarshal(b, &d))
	return d
}

// TestOperationsReadWell: a client that is generated from the document has a
// method with a name of its own for each operation, in a group, and knows which
// errors to expect.
func TestOperationsReadWell(t *testing.T) {
	d := readDocument(t)
	tags, ids := map[string]bool{}, map[string]string{}
	for _, tag := range d.Tags {
		tags[tag.Name] = true
	}
	for path, item := range d.Paths {
		for method, described := range item {
			operation, ok := described.(map[string]any)
			if !ok || method == "parameters" {
				continue
			}
			here := method + " " + path
			id, _ := operation["operationId"].(string)
			require.Regexp(t, `^[a-z][A-Za-z]+$`, id, here)
			require.Empty(t, ids[id], "%s and %s have one operationId", here, ids[id])
			ids[id] = here
			of, _ := operation["tags"].([]any)
			require.Len(t, of, 1, here)
			require.True(t, tags[of[0].(string)], "%s: the tag is not declared", here)
			responses := operation["responses"].(map[string]any)
			if _, public := operation["security"]; public {
				continue
			}
			for _, status := range []string{"401", "429", "503", "default"} {
				require.Contains(t, responses, status, here)
			}
		}
	}
}

// TestEventKindsAreListed: the document lists the kinds of events that there are.
func TestEventKindsAreListed(t *testing.T) {
	var kinds []string
	for _, k := range access.EventKinds() {
		kinds = append(kinds, string(k))
	}
	require.ElementsMatch(t, kinds, readDocument(t).Components.Schemas["EventKind"].Enum)
}
