package awsiam

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"

	"ramp.dev/ramp/integrations/targettest"
)

// faulty is a transport to AWS that fails as AWS does.
func faulty(fault targettest.Fault, n int) http.RoundTripper {
	return &targettest.Wire{To: http.DefaultTransport, Fault: fault, N: n,
		Throttled: func() *http.Response { return answer(nil, http.StatusBadRequest, "Throttling", "Rate exceeded") },
		Down: func() *http.Response {
			return answer(nil, http.StatusServiceUnavailable, "", "<html>upstream connect error</html>")
		},
		NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
			// Anything about a role that exists, since every replica may be late.
			if form := formOf(r); form.Get("RoleName") == "" || form.Get("Action") == "CreateRole" {
				return nil
			}
			return answer(r, http.StatusNotFound, "NoSuchEntity", "The role cannot be found.")
		}}
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
