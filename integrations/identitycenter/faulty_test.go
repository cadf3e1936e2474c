package identitycenter

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"

	"ramp.dev/ramp/integrations/identitycenter/centertest"
	"ramp.dev/ramp/integrations/targettest"
)

// faultyWire is a transport to the cloud that fails as AWS does.
type faultyWire struct {
	to    http.RoundTripper
	fault targettest.Fault
	n     int32
	calls atomic.Int32
}

// RoundTrip implements http.RoundTripper.
func (w *faultyWire) RoundTrip(r *http.Request) (*http.Response, error) {
	k := w.calls.Add(1)
	switch {
	case w.fault == targettest.LostReply && k == w.n:
		got, err := w.to.RoundTrip(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, got.Body)
			got.Body.Close()
		}
		return nil, errors.New("connection reset by peer")
	case w.fault == targettest.Throttled && k >= w.n:
		return centertest.Refuse(400, "ThrottlingException", "Rate exceeded"), nil
	case w.fault == targettest.Unavailable && k >= w.n && k%2 == 0:
		return centertest.Refuse(503, "", "upstream connect error"), nil
	case w.fault == targettest.Unavailable && k >= w.n:
		return nil, syscall.ECONNREFUSED
	case w.fault == targettest.NotFoundYet && k >= w.n:
		switch operation := centertest.OperationOf(r); {
		case strings.HasPrefix(operation, "ListAccountAssignments"):
			return centertest.Reply(200, map[string]any{}), nil
		case strings.HasPrefix(operation, "DescribeAccountAssignment"), operation == "DeleteAccountAssignment":
			return centertest.Refuse(400, "ResourceNotFoundException", "not found"), nil
		}
	}
	return w.to.RoundTrip(r)
}

// slowWire waits before each call until it may go on.
type slowWire struct {
	to      http.RoundTripper
	reached chan<- struct{}
	goOn    <-chan struct{}
}

// RoundTrip implements http.RoundTripper.
func (w slowWire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.reached <- struct{}{}
	<-w.goOn
	return w.to.RoundTrip(r)
}
