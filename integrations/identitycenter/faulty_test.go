package identitycenter

import (
	"net/http"
	"strings"

	"ramp.dev/ramp/integrations/identitycenter/centertest"
	"ramp.dev/ramp/integrations/targettest"
)

// faulty is a transport to the cloud that fails as AWS does.
func faulty(to http.RoundTripper, fault targettest.Fault, n int) http.RoundTripper {
	return &targettest.Wire{To: to, Fault: fault, N: n,
		Throttled: func() *http.Response { return centertest.Refuse(400, "ThrottlingException", "Rate exceeded") },
		Down:      func() *http.Response { return centertest.Refuse(503, "", "upstream connect error") },
		NotFoundYet: func(r *http.Request, _ http.RoundTripper) *http.Response {
			switch operation := centertest.OperationOf(r); {
			case strings.HasPrefix(operation, "ListAccountAssignments"):
				return centertest.Reply(200, map[string]any{})
			case strings.HasPrefix(operation, "DescribeAccountAssignment"), operation == "DeleteAccountAssignment":
				return centertest.Refuse(400, "ResourceNotFoundException", "not found")
			}
			return nil
		}}
}
