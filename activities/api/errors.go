package api

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/temporal"

	"ramp.dev/ramp/access"
)

// retryable says, for each code, whether trying the same again can help.
// Unlisted codes are internal: retried, since an unknown fault may pass.
var retryable = map[access.Code]bool{
	access.CodeThrottled:   true,
	access.CodeUnavailable: true,
	access.CodeInternal:    true,
}

// errorDetail is the detail carried beside an application error's message.
type errorDetail struct {
	Message string         `json:"message"`
	Issues  []access.Issue `json:"issues,omitempty"`
}

// Refusal is an error as a part of a result.
type Refusal struct {
	Code    access.Code    `json:"code"`
	Message string         `json:"message"`
	Issues  []access.Issue `json:"issues,omitempty"`
}

// RefusalOf returns err as a Refusal, or nil if trying the same again can help.
func RefusalOf(err error) *Refusal {
	if code := access.CodeOf(err); !retryable[code] {
		return &Refusal{Code: code, Message: err.Error(), Issues: access.IssuesOf(err)}
	}
	return nil
}

// Err returns the error that r was made of.
func (r *Refusal) Err() error {
	if len(r.Issues) > 0 {
		return &access.Error{Code: r.Code, Issues: r.Issues}
	}
	return access.Errorf(r.Code, "%s", r.Message)
}

// ToTemporal turns err into an application error whose type is its code.
// Expected refusals are marked benign, so that they raise no alarm.
func ToTemporal(err error) error { return toTemporal(err, false, false) }

// ToTemporalRetryable is ToTemporal for work that must be retried whatever went
// wrong: closing access has no permanent error.
func ToTemporalRetryable(err error) error { return toTemporal(err, true, false) }

// ToTemporalFinal is ToTemporal for what is not tried again, whatever went wrong.
func ToTemporalFinal(err error) error { return toTemporal(err, false, true) }

func toTemporal(err error, always, never bool) error {
	if err == nil || temporal.IsCanceledError(err) || errors.Is(err, context.Canceled) {
		return err
	}
	code := access.CodeOf(err)
	opts := temporal.ApplicationErrorOptions{
		NonRetryable: never || !always && !retryable[code],
		Details:      []any{errorDetail{Message: err.Error(), Issues: access.IssuesOf(err)}},
	}
	if !always && !retryable[code] {
		opts.Category = temporal.ApplicationErrorCategoryBenign
	}
	if code == access.CodeThrottled {
		opts.NextRetryDelay = throttledFor(err)
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), string(code), opts)
}

// throttledFor is for how long a throttled caller is not tried again.
func throttledFor(err error) time.Duration {
	return min(max(access.RetryAfterOf(err), 5*time.Second), time.Minute)
}

// The pauses between attempts to open a grant: the first, and the longest.
const (
	OpenAgainFirst = 500 * time.Millisecond
	OpenAgainMost  = 10 * time.Second
)

// OpensAgainAfter is how long after an attempt to open a grant, the n-th from 1, that failed with
// err the next one comes: each pause is twice the one before it.
func OpensAgainAfter(n int32, err error) time.Duration {
	if access.CodeOf(err) == access.CodeThrottled {
		return throttledFor(err)
	}
	return min(OpenAgainFirst<<min(max(n-1, 0), 10), OpenAgainMost)
}

// FromTemporal turns what a workflow, an update or a client call returned back
// into an access.Error. Timeouts and absent workers are CodeUnavailable.
func FromTemporal(err error) error { return FromTarget("", err) }

// FromTarget is FromTemporal for what a worker of one target was asked: the error that no
// worker serves it names the target, which may be one that is written wrongly.
func FromTarget(target string, err error) error {
	if err == nil {
		return nil
	}
	var app *temporal.ApplicationError
	if errors.As(err, &app) && app.Type() != "" {
		var f errorDetail
		if app.HasDetails() && app.Details(&f) == nil {
			e := access.Errorf(access.Code(app.Type()), "%s", f.Message)
			if len(f.Issues) > 0 {
				e = &access.Error{Code: access.Code(app.Type()), Issues: f.Issues}
			}
			return e
		}
		return access.Errorf(access.Code(app.Type()), "%s", app.Message())
	}
	var notFound *serviceerror.NotFound
	var timeout *temporal.TimeoutError
	var deadline *serviceerror.DeadlineExceeded
	var unavailable *serviceerror.Unavailable
	switch {
	case errors.As(err, &notFound):
		return access.Errorf(access.CodeNotFound, "no such workflow is running")
	case errors.As(err, &timeout) && timeout.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START:
		if target == "" {
			return access.Errorf(access.CodeUnavailable, "no worker serves this target")
		}
		return access.Errorf(access.CodeUnavailable, "no worker serves the target %s: it is down, or the contract names a target that no worker has", access.Clip(target, 60))
	case errors.As(err, &timeout), errors.As(err, &deadline), errors.As(err, &unavailable),
		errors.Is(err, context.DeadlineExceeded):
		return access.Errorf(access.CodeUnavailable, "no worker responded in time")
	}
	return err
}
