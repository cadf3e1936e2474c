package awsiam

import (
	"errors"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// codes maps AWS's error codes to Ramp's.
var codes = map[string]access.Code{
	"Throttling":               access.CodeThrottled,
	"ThrottlingException":      access.CodeThrottled,
	"ThrottledException":       access.CodeThrottled,
	"RequestLimitExceeded":     access.CodeThrottled,
	"TooManyRequestsException": access.CodeThrottled,
	"SlowDown":                 access.CodeThrottled,
	// Somebody else is changing the same role. It works later.
	"ConcurrentModification":        access.CodeThrottled,
	"EntityTemporarilyUnmodifiable": access.CodeThrottled,
	"DeleteConflict":                access.CodeThrottled,

	"AccessDenied":                access.CodeForbidden,
	"AccessDeniedException":       access.CodeForbidden,
	"UnauthorizedOperation":       access.CodeForbidden,
	"UnmodifiableEntity":          access.CodeForbidden,
	"AuthFailure":                 access.CodeForbidden,
	"InvalidClientTokenId":        access.CodeForbidden,
	"UnrecognizedClientException": access.CodeForbidden,
	"SignatureDoesNotMatch":       access.CodeForbidden,
	"OptInRequired":               access.CodeForbidden,

	"MalformedPolicyDocument": access.CodeInvalid,
	"ValidationError":         access.CodeInvalid,
	"InvalidInput":            access.CodeInvalid,
	"InvalidParameterValue":   access.CodeInvalid,
	"PackedPolicyTooLarge":    access.CodeInvalid,

	"NoSuchEntity":        access.CodeNotFound,
	"EntityAlreadyExists": access.CodeConflict,

	// The account has as many roles as it may. That is not the requester's fault,
	// and passes when other grants end, so it is retried.
	"LimitExceeded": access.CodeUnavailable,
	// Ramp's own session has expired, and the SDK is about to get another.
	"ExpiredToken":          access.CodeUnavailable,
	"ExpiredTokenException": access.CodeUnavailable,
	"RequestExpired":        access.CodeUnavailable,
	"ServiceFailure":        access.CodeUnavailable,
	"ServiceUnavailable":    access.CodeUnavailable,
	"InternalFailure":       access.CodeUnavailable,
	"InternalError":         access.CodeUnavailable,
	"RequestTimeout":        access.CodeUnavailable,
}

// mapped returns an error of the SDK as one of Ramp's. Nil stays nil. The text is
// the SDK's: it names the operation, AWS's code and message and the id of the
// call, and has no secret in it, because IAM and STS take everything in the body.
func mapped(err error) error {
	if err == nil {
		return nil
	}
	mapped := access.Errorf(codeOf(err), "AWS: %w", err)
	if reply := replyOf(err); reply != nil {
		return access.RetryAfter(mapped, integrations.RetryAfter(reply.Response.Header))
	}
	return mapped
}

func replyOf(err error) *smithyhttp.ResponseError {
	var reply *smithyhttp.ResponseError
	if errors.As(err, &reply) && reply.Response != nil {
		return reply
	}
	return nil
}

// codeOf returns the code of AWS's own error code, or else of the HTTP status.
// A status says less than AWS's code does, so one that is about the request
// itself is neither taken for "not there" nor for the requester's mistake.
func codeOf(err error) access.Code {
	var api smithy.APIError
	if errors.As(err, &api) {
		if code, known := codes[api.ErrorCode()]; known {
			return code
		}
	}
	reply := replyOf(err)
	if reply == nil {
		return access.CodeUnavailable // nothing came back, or nothing that can be read
	}
	switch code := integrations.CodeOfStatus(reply.HTTPStatusCode()); code {
	case access.CodeInvalid, access.CodeNotFound, access.CodeConflict:
		return access.CodeInternal
	default:
		return code
	}
}

// missing reports whether AWS says that something does not exist.
func missing(err error) bool { return err != nil && codeOf(err) == access.CodeNotFound }

// is reports whether AWS responded with an error code of its own.
func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
