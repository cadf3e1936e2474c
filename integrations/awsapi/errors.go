package awsapi

import (
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// codes are AWS's error codes that say more than their HTTP status does, beside
// those that the SDK itself knows for throttling.
var codes = map[access.Code][]string{
	// Somebody else is changing the same role. It works later.
	access.CodeThrottled: {"ConcurrentModification", "EntityTemporarilyUnmodifiable", "DeleteConflict",
		// Another assignment of the same account is under way, or another change of the organisation's policies.
		"ConflictException", "ConcurrentModificationException", "PolicyChangesInProgressException"},
	access.CodeForbidden: {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnmodifiableEntity", "AuthFailure",
		"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "OptInRequired"},
	access.CodeInvalid: {"MalformedPolicyDocument", "ValidationError", "InvalidInput", "InvalidParameterValue", "PackedPolicyTooLarge", "ValidationException",
		"InvalidInputException", "MalformedPolicyDocumentException"},
	access.CodeNotFound: {"NoSuchEntity", "ResourceNotFoundException", "PolicyNotFoundException"},
	access.CodeConflict: {"EntityAlreadyExists"},
	access.CodeUnavailable: {
		// The account has as many roles as it may. That is not the requester's fault,
		// and passes when other grants end, so it is retried.
		"LimitExceeded", "ServiceQuotaExceededException",
		// Ramp's own session has expired, and the SDK is about to get another.
		"ExpiredToken", "ExpiredTokenException", "RequestExpired",
		"ServiceFailure", "ServiceUnavailable", "InternalFailure", "InternalError", "RequestTimeout",
		"InternalServerException", "ServiceException"},
}

// knownCode returns the code of an error code of AWS's, and false for one that is
// not known here.
func knownCode(name string) (access.Code, bool) {
	for code, names := range codes {
		if slices.Contains(names, name) {
			return code, true
		}
	}
	_, throttled := retry.DefaultThrottleErrorCodes[name]
	return access.CodeThrottled, throttled
}

// Mapped returns an error of the SDK as one of Ramp's. Nil stays nil. The text is
// the SDK's: it names the operation, AWS's code and message and the id of the
// call, and has no secret in it, because IAM and STS take everything in the body.
func Mapped(err error) error {
	if err == nil {
		return nil
	}
	out := access.Errorf(CodeOf(err), "AWS: %w", err)
	if reply := replyOf(err); reply != nil {
		return access.RetryAfter(out, integrations.RetryAfter(reply.Response.Header))
	}
	return out
}

func replyOf(err error) *smithyhttp.ResponseError {
	var reply *smithyhttp.ResponseError
	if errors.As(err, &reply) && reply.Response != nil {
		return reply
	}
	return nil
}

// CodeOf returns the code of AWS's own error code, or else of the HTTP status.
// A status says less than AWS's code does, so one that is about the request
// itself is neither taken for "not there" nor for the requester's mistake.
func CodeOf(err error) access.Code {
	var api smithy.APIError
	if errors.As(err, &api) {
		if code, known := knownCode(api.ErrorCode()); known {
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

// Missing reports whether AWS says that something does not exist.
func Missing(err error) bool { return err != nil && CodeOf(err) == access.CodeNotFound }

// Is reports whether AWS responded with an error code of its own.
func Is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}

// UnlessMissing returns nil if AWS says that the thing is not there, and otherwise
// the error as one of Ramp's.
func UnlessMissing(err error) error {
	if Missing(err) {
		return nil
	}
	return Mapped(err)
}
