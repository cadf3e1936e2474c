package codec

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

func at(c *Codec, id string) converter.PayloadCodec {
	return c.WithSerializationContext(converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: id})
}

func codecOf(t testing.TB, keys ...Key) *Codec {
	c, err := New(keys...)
	require.NoError(t, err)
	return c
}

var plain = []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"MARKED"`)}}

func TestCase41PayloadsAreSealedToTheirWorkflow(t *testing.T) {
	c := codecOf(t, Key{1})
	sealed, err := at(c, "a").Encode(plain)
	require.NoError(t, err)
	require.NotContains(t, string(sealed[0].Data), "MARKED")
	for name, d := range map[string]converter.PayloadCodec{"its own": at(c, "a"), "the UI's, which knows no workflow": c} {
		got, err := d.Decode(sealed)
		require.NoError(t, err, name)
		require.True(t, proto.Equal(plain[0], got[0]), name)
	}
	_, err = at(c, "b").Decode(sealed)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "another workflow's")
	sealed[0].Metadata[metaWorkflow] = []byte("b")
	_, err = at(c, "b").Decode(sealed)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "with its name changed too")

	_, err = c.Decode(plain)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err), "what is not encrypted is nobody's of Ramp")
	got, err := c.AcceptClear().Decode(plain)
	require.NoError(t, err)
	require.Equal(t, plain, got)
}

// TestStandaloneActivities: the payloads of an activity that no workflow started
// belong to the activity's type, and to no workflow.
func TestStandaloneActivities(t *testing.T) {
	c := codecOf(t, Key{1})
	standalone := func(name string) converter.PayloadCodec {
		return c.WithSerializationContext(converter.ActivitySerializationContext{Namespace: "default", ActivityType: name})
	}
	sealed, err := standalone("ResolveScopes").Encode(plain)
	require.NoError(t, err)
	// The caller who waits for the result knows the namespace alone.
	for _, d := range []converter.PayloadCodec{standalone("ResolveScopes"), standalone("")} {
		got, err := d.Decode(sealed)
		require.NoError(t, err)
		require.True(t, proto.Equal(plain[0], got[0]))
	}
	for _, d := range []converter.PayloadCodec{standalone("OpenGrant"), at(c, "a")} {
		_, err = d.Decode(sealed)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	}
}

// TestScheduledStartsDecode: a schedule's input is written under one id, and
// read under that with the time of the start.
func TestScheduledStartsDecode(t *testing.T) {
	c := codecOf(t, Key{1})
	sealed, err := at(c, "ramp-reconcile-ssh/demo").Encode(plain)
	require.NoError(t, err)
	_, err = at(c, "ramp-reconcile-ssh/demo-2026-11-24T23:50:09Z").Decode(sealed)
	require.NoError(t, err)
	for _, other := range []string{"ramp-reconcile-ssh/demo-2", "ramp-reconcile-ssh/demo2026-11-24T23:50:09Z", "ramp-reconcile-ssh-2026-11-24T23:50:09Z", "ramp-reconcile-ssh/demo-"} {
		_, err = at(c, other).Decode(sealed)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err), other)
	}
}

func TestKeysRotate(t *testing.T) {
	old, next := Key{1}, Key{2}
	sealed, err := at(codecOf(t, old), "a").Encode(plain)
	require.NoError(t, err)
	_, err = at(codecOf(t, next, old), "a").Decode(sealed)
	require.NoError(t, err)
	fresh, err := at(codecOf(t, next, old), "a").Encode(plain)
	require.NoError(t, err)
	require.Equal(t, next.ID(), string(fresh[0].Metadata[metaKey]))
	_, err = codecOf(t, next).Decode(sealed)
	require.ErrorContains(t, err, "not configured")
}

func TestEveryByteCounts(t *testing.T) {
	c := codecOf(t, Key{1})
	rapid.Check(t, func(rt *rapid.T) {
		sealed, err := at(c, "a").Encode(plain)
		require.NoError(rt, err)
		i := rapid.IntRange(0, len(sealed[0].Data)-1).Draw(rt, "at")
		sealed[0].Data[i] ^= byte(rapid.IntRange(1, 255).Draw(rt, "flip"))
		_, err = c.Decode(sealed)
		require.Equal(rt, access.CodeEvidence, access.CodeOf(err))
		sealed[0].Data = sealed[0].Data[:i]
		_, err = c.Decode(sealed)
		require.Error(rt, err)
	})
}

func TestFailuresAreSealed(t *testing.T) {
	_, failures := codecOf(t, Key{1}).Converters()
	f := failures.ErrorToFailure(errors.New("MARKED"))
	require.NotContains(t, f.String(), "MARKED")
	require.ErrorContains(t, failures.FailureToError(f), "MARKED")
}

// TestCase52FailuresInClear: somebody without a key responds with a failure whose text
// people would read as Ramp's word, or whose code Ramp would act on.
func TestCase52FailuresInClear(t *testing.T) {
	c := codecOf(t, Key{1})
	data, sealed := c.Converters()
	application := func(message, kind string) *failurepb.Failure {
		return &failurepb.Failure{Message: message, StackTrace: message, Source: "Server", FailureInfo: &failurepb.Failure_ApplicationFailureInfo{
			ApplicationFailureInfo: &failurepb.ApplicationFailureInfo{Type: kind, NonRetryable: true}}}
	}
	forged, err := data.ToPayload(struct{}{})
	require.NoError(t, err)
	forged.Metadata["encoding"] = []byte("json/plain")
	for what, f := range map[string]*failurepb.Failure{
		"an application's":                    application("MARKED", "not_found"),
		"with attributes in clear":            {Message: "MARKED", EncodedAttributes: &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`{"message":"MARKED"}`)}, FailureInfo: application("", "x").FailureInfo},
		"with attributes of another encoding": {Message: "MARKED", EncodedAttributes: forged, FailureInfo: application("", "x").FailureInfo},
		"as the cause of Temporal's own": {Message: "MARKED", Cause: application("MARKED", "not_found"),
			FailureInfo: &failurepb.Failure_ActivityFailureInfo{ActivityFailureInfo: &failurepb.ActivityFailureInfo{}}},
		"of no kind":     {Message: "MARKED"},
		"of Temporal's":  {Message: "MARKED", FailureInfo: &failurepb.Failure_TimeoutFailureInfo{TimeoutFailureInfo: &failurepb.TimeoutFailureInfo{}}},
		"as Temporal's":  application("MARKED", "AcceptedUpdateCompletedWorkflow"),
		"a cancellation": {Message: "MARKED", FailureInfo: &failurepb.Failure_CanceledFailureInfo{CanceledFailureInfo: &failurepb.CanceledFailureInfo{}}},
	} {
		err := sealed.FailureToError(f)
		require.Error(t, err, what)
		require.NotContains(t, err.Error(), "MARKED", what)
		var app *temporal.ApplicationError
		if errors.As(err, &app) {
			require.Contains(t, []string{string(access.CodeEvidence), "AcceptedUpdateCompletedWorkflow", ""}, app.Type(), what)
		}
	}
	require.NoError(t, sealed.FailureToError(nil))
	own := sealed.FailureToError(sealed.ErrorToFailure(temporal.NewApplicationError("MARKED", "not_found")))
	require.ErrorContains(t, own, "MARKED")
}

// TestCase64Payloads: what Temporal keeps is read one way, encrypted or not.
func TestCase64Payloads(t *testing.T) {
	sealed, _ := codecOf(t, Key{1}).AcceptClear().Converters()
	for _, c := range []converter.DataConverter{Plain(), sealed} {
		var into struct {
			To string `json:"to"`
		}
		payload := func(text string) *commonpb.Payload {
			return &commonpb.Payload{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(text)}
		}
		require.NoError(t, c.FromPayload(payload(`{"to":"ended","later":1}`), &into))
		for _, text := range []string{`{"to":"ended","to":"open"}`, `{"To":"ended"}`, `{"to":"ended"}{}`} {
			require.Error(t, c.FromPayload(payload(text), &into), text)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "payload.key")
	require.NoError(t, field.CreateKey(path))
	require.NoError(t, field.CreateKey(path), "what is there stays")
	_, err := Load(t.Context(), field.SecretFile(path))
	require.NoError(t, err)
	require.NoError(t, os.Chmod(path, 0o644))
	_, err = Load(t.Context(), field.SecretFile(path))
	require.ErrorContains(t, err, "read by others")
	require.NoError(t, os.WriteFile(path+"2", []byte("short"), 0o600))
	_, err = Load(t.Context(), field.SecretFile(path+"2"))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = Load(t.Context())
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
