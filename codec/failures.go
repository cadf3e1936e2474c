package codec

import (
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"

	"ramp.dev/ramp/access"
)

// failures reads no text of a failure that is not encrypted. Temporal itself writes
// failures in clear, of which Ramp needs the kind only; everything else in clear was
// written by somebody without a key, who would have people read it as Ramp's word.
type failures struct{ converter.FailureConverter }

// WithSerializationContext implements converter.FailureConverterWithSerializationContext.
func (f failures) WithSerializationContext(ctx converter.SerializationContext) converter.FailureConverter {
	return failures{converter.WithFailureConverterSerializationContext(f.FailureConverter, ctx)}
}

// FailureToError implements converter.FailureConverter.
func (f failures) FailureToError(failure *failurepb.Failure) error {
	return f.FailureConverter.FailureToError(withoutClearText(failure))
}

// clearFailure takes the place of a text in clear.
const clearFailure = "a failure came in clear, though payload keys are configured: no process of Ramp wrote it"

// withoutClearText returns the failure without what is in clear in it and in its
// causes.
func withoutClearText(failure *failurepb.Failure) *failurepb.Failure {
	if failure == nil {
		return nil
	}
	out := proto.Clone(failure).(*failurepb.Failure)
	for f := out; f != nil; f = f.Cause {
		if _, sealed := EncryptedFor(f.EncodedAttributes); sealed {
			continue
		}
		f.EncodedAttributes, f.StackTrace = nil, ""
		info := f.GetApplicationFailureInfo()
		switch {
		case info == nil:
			f.Message = ofTemporal(f)
		case temporalsOwn[info.Type] != "":
			f.Message = temporalsOwn[info.Type]
		default:
			f.Message, info.Type = clearFailure, string(access.CodeEvidence)
		}
	}
	return out
}

// temporalsOwn are the types of failures that Temporal writes as if they were an
// application's, with what each means.
var temporalsOwn = map[string]string{
	"UnprocessedUpdate":               "the worker did not handle the update",
	"AcceptedUpdateCompletedWorkflow": "the workflow ended before the update did",
}

// ofTemporal returns what a failure of Temporal's own means.
func ofTemporal(f *failurepb.Failure) string {
	switch {
	case f.GetTimeoutFailureInfo() != nil:
		return "Temporal: timeout (" + f.GetTimeoutFailureInfo().GetTimeoutType().String() + ")"
	case f.GetCanceledFailureInfo() != nil:
		return "canceled"
	case f.GetActivityFailureInfo() != nil:
		return "activity error"
	case f.GetFailureInfo() != nil:
		return "Temporal: failure"
	}
	return clearFailure
}
