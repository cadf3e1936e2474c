package awsiam

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"

	"ramp.dev/ramp/integrations/targettest"
)

// faultyWire is a transport to AWS that fails as AWS does.
type faultyWire struct {
	fault targettest.Fault
	n     int32
	calls atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (w *faultyWire) RoundTrip(r *http.Request) (*http.Response, error) {
	k := w.calls.Add(1)
	switch {
	case w.fault == targettest.LostReply && k == w.n:
		reply, err := http.DefaultTransport.RoundTrip(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, reply.Body)
			reply.Body.Close()
		}
		return nil, errors.New("connection reset by peer")
	case w.fault == targettest.Throttled && k >= w.n:
		return answer(r, http.StatusBadRequest, "Throttling", "Rate exceeded"), nil
	case w.fault == targettest.Unavailable && k >= w.n && k%2 == 0:
		return answer(r, http.StatusServiceUnavailable, "", "<html>upstream connect error</html>"), nil
	case w.fault == targettest.Unavailable && k >= w.n:
		return nil, syscall.ECONNREFUSED
	case w.fault == targettest.NotFoundYet && k >= w.n:
		// Anything about a role that exists, since every replica may be late.
		if form := formOf(r); form.Get("RoleName") != "" && form.Get("Action") != "CreateRole" {
			return answer(r, http.StatusNotFound, "NoSuchEntity", "The role cannot be found."), nil
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// formOf is a request's parameters. The body can be read again.
func formOf(r *http.Request) url.Values {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	form, err := url.ParseQuery(string(body))
	if err != nil {
		panic(err)
	}
	return form
}

// answer returns an error as IAM writes it, or as a proxy does if it has no code.
func answer(r *http.Request, status int, code, message string) *http.Response {
	body := message
	if code != "" {
		body = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message></Error><RequestId>0</RequestId></ErrorResponse>`
	}
	return &http.Response{Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(strings.NewReader(body)), Request: r}
}

// wire is a transport to AWS that a test makes up.
type wire func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (w wire) RoundTrip(r *http.Request) (*http.Response, error) { return w(r) }

// denied is a transport to an AWS that refuses one action.
func denied(action, code string) wire {
	return func(r *http.Request) (*http.Response, error) {
		if formOf(r).Get("Action") == action {
			return answer(r, http.StatusForbidden, code, "no"), nil
		}
		return http.DefaultTransport.RoundTrip(r)
	}
}
