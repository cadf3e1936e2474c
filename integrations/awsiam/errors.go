package awsiam

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"ramp.dev/ramp/access"
)

// codes is what AWS's error codes mean to Ramp.
var codes = map[string]access.Code{
	"Throttling":               access.CodeThrottled,
	"ThrottlingException":      access.CodeThrottled,
	"ThrottledException":       access.CodeThrottled,
	"RequestLimitExceeded":     access.CodeThrottled,
	"TooManyRequestsException": access.CodeThrottled,
	"SlowDown":                 access.CodeThrottled,
	// Somebody else is changing the same role: later, it works.
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

	// The account is full of roles. That is nothing the requester said: it
	// passes as other grants end, so it is worth trying again.
	"LimitExceeded": access.CodeUnavailable,
	// Ramp's own session ran out, and the SDK is about to get another.
	"ExpiredToken":          access.CodeUnavailable,
	"ExpiredTokenException": access.CodeUnavailable,
	"RequestExpired":        access.CodeUnavailable,
	"ServiceFailure":        access.CodeUnavailable,
	"ServiceUnavailable":    access.CodeUnavailable,
	"InternalFailure":       access.CodeUnavailable,
	"InternalError":         access.CodeUnavailable,
	"RequestTimeout":        access.CodeUnavailable,
}

// told gives an error of the SDK its code. The text is the SDK's: it names the
// operation, AWS's code and message and the request's id, and no secret, since
// IAM and STS take everything in the body.
func told(err error) error {
	if err == nil {
		return nil
	}
	return access.RetryAfter(access.Errorf(codeOf(err), "AWS: %w", err), retryAfter(err))
}

// retryAfter is how long AWS asks to wait, 0 if it does not say.
func retryAfter(err error) time.Duration {
	var reply *smithyhttp.ResponseError
	if !errors.As(err, &reply) || reply.Response == nil {
		return 0
	}
	seconds, _ := strconv.Atoi(reply.Response.Header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second
}

func codeOf(err error) access.Code {
	var api smithy.APIError
	if errors.As(err, &api) {
		if code, known := codes[api.ErrorCode()]; known {
			return code
		}
	}
	var reply *smithyhttp.ResponseError
	if errors.As(err, &reply) && reply.Response != nil {
		switch status := reply.HTTPStatusCode(); {
		case status == http.StatusTooManyRequests:
			return access.CodeThrottled
		case status >= 500:
			return access.CodeUnavailable
		case status == http.StatusForbidden:
			return access.CodeForbidden
		case status >= 400:
			return access.CodeInternal
		}
	}
	// Nothing came back, or nothing that can be read.
	return access.CodeUnavailable
}

// missing reports whether AWS says that it is not there.
func missing(err error) bool { return err != nil && codeOf(err) == access.CodeNotFound }

// is reports whether AWS answered with one of its own codes.
func is(err error, code string) bool {
	var api smithy.APIError
	return errors.As(err, &api) && api.ErrorCode() == code
}
