package awstest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Transport is a function that sends a call.
type Transport func(*http.Request) (*http.Response, error)

// RoundTrip implements http.RoundTripper.
func (f Transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// Simulated returns a transport to an AWS that has IAM's SimulatePrincipalPolicy, which
// moto lacks: the simulator says what a principal with these policies may do. Other calls
// go on to next. With refused, the principal may not ask.
func (s *Simulator) Simulated(next http.RoundTripper, refused bool, policies ...json.RawMessage) Transport {
	return func(r *http.Request) (*http.Response, error) {
		if r.Body == nil {
			return next.RoundTrip(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, err := url.ParseQuery(string(body))
		if err != nil || form.Get("Action") != "SimulatePrincipalPolicy" {
			return next.RoundTrip(r)
		}
		if refused {
			return reply(r, http.StatusForbidden, `<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>`), nil
		}
		var out bytes.Buffer
		for _, action := range members(form, "ActionNames") {
			for _, resource := range members(form, "ResourceArns") {
				q := Question{At: time.Now(), Principal: form.Get("PolicySourceArn"), Action: action, Resource: resource, Identity: policies, Context: map[string]string{}}
				for n := 1; form.Has(fmt.Sprintf("ContextEntries.member.%d.ContextKeyName", n)); n++ {
					at := fmt.Sprintf("ContextEntries.member.%d.", n)
					q.Context[form.Get(at+"ContextKeyName")] = form.Get(at + "ContextKeyValues.member.1")
				}
				allowed, err := s.Allows(r.Context(), q)
				if err != nil {
					return nil, err
				}
				decision := "implicitDeny"
				if allowed {
					decision = "allowed"
				}
				out.WriteString("<member><EvalActionName>")
				if err := xml.EscapeText(&out, []byte(action)); err != nil {
					return nil, err
				}
				out.WriteString("</EvalActionName><EvalDecision>" + decision + "</EvalDecision></member>")
			}
		}
		return reply(r, http.StatusOK, "<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult><IsTruncated>false</IsTruncated><EvaluationResults>"+
			out.String()+"</EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"), nil
	}
}

// members returns a list of AWS's query protocol.
func members(form url.Values, name string) (all []string) {
	for n := 1; form.Has(fmt.Sprintf("%s.member.%d", name, n)); n++ {
		all = append(all, form.Get(fmt.Sprintf("%s.member.%d", name, n)))
	}
	return all
}

func reply(r *http.Request, status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Status: http.StatusText(status), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"text/xml"}}, Body: io.NopCloser(bytes.NewReader([]byte(body))), ContentLength: int64(len(body))}
}
