package workflows_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
)

func inputs() map[string]reflect.Type {
	return map[string]reflect.Type{
		api.VerifyDecisions: reflect.TypeFor[api.VerifyDecisionsInput](), api.RecordTransition: reflect.TypeFor[access.Transition](),
		api.OpenGrant: reflect.TypeFor[api.OpenGrantInput](), api.ExtendGrant: reflect.TypeFor[api.ExtendGrantInput](),
		api.MintCredential: reflect.TypeFor[api.MintCredentialInput](), api.CloseGrant: reflect.TypeFor[api.CloseGrantInput](),
		api.ReconcileRequests: reflect.TypeFor[api.StandingInput](),
	}
}

// TestCase37InputsOnlyGrow: any worker of a target serves requests of every
// build, so what an old build scheduled must mean the same today: no field of
// a recorded input has gone or has another type.
func TestCase37InputsOnlyGrow(t *testing.T) {
	seen := map[string]bool{}
	for _, file := range histories(t, "*/*.json") {
		if folder := filepath.Base(filepath.Dir(file)); folder == "bad" || folder == "sealed" {
			continue
		}
		f, err := os.Open(file)
		require.NoError(t, err)
		h, err := client.HistoryFromJSON(f, client.HistoryJSONOptions{})
		f.Close()
		require.NoError(t, err)
		for _, e := range h.Events {
			a := e.GetActivityTaskScheduledEventAttributes()
			if a == nil {
				continue
			}
			name := a.ActivityType.Name
			input, known := inputs()[name]
			require.True(t, known, "%s schedules %s, which is gone", file, name)
			d := json.NewDecoder(bytes.NewReader(a.Input.Payloads[0].Data))
			d.DisallowUnknownFields()
			require.NoErrorf(t, d.Decode(reflect.New(input).Interface()), "%s: the input of %s", file, name)
			seen[name] = true
		}
	}
	require.Len(t, seen, len(inputs()), "no history schedules some of them: %v", seen)
}
