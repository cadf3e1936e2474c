package targettest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
)

// Wire is a transport to a service that speaks HTTP, and what goes wrong on the way, as
// Harness.Faulty and SharingHarness want it.
type Wire struct {
	To    http.RoundTripper
	Fault Fault
	N     int // the call (from 1) that meets the fault
	// Throttled is the service's own response to too many calls.
	Throttled func() *http.Response
	// Down is the service's own response while it cannot serve; a proxy's if it is nil.
	Down func() *http.Response
	// NotFoundYet responds as the service does that does not show its newest state. It
	// returns nil for calls that it serves as always.
	NotFoundYet func(r *http.Request, to http.RoundTripper) *http.Response

	calls atomic.Int64
}

// RoundTrip implements http.RoundTripper.
func (w *Wire) RoundTrip(r *http.Request) (*http.Response, error) {
	k, n := w.calls.Add(1), int64(w.N)
	switch {
	case w.Fault == LostReply && k == n:
		got, err := w.To.RoundTrip(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, got.Body)
			got.Body.Close()
		}
		return nil, errors.New("connection reset by peer")
	case w.Fault == Throttled && k >= n:
		return to(r, w.Throttled()), nil
	case w.Fault == Unavailable && k >= n && k%2 == 0 && w.Down != nil:
		return to(r, w.Down()), nil
	case w.Fault == Unavailable && k >= n && k%2 == 0:
		return to(r, Response(http.StatusServiceUnavailable, nil, "upstream connect error")), nil
	case w.Fault == Unavailable && k >= n:
		return nil, syscall.ECONNREFUSED
	case w.Fault == NotFoundYet && k >= n:
		if resp := w.NotFoundYet(r, w.To); resp != nil {
			return to(r, resp), nil
		}
	}
	return w.To.RoundTrip(r)
}

// to completes a response, as a transport does that read it from the network.
func to(r *http.Request, resp *http.Response) *http.Response {
	resp.Request, resp.Status = r, http.StatusText(resp.StatusCode)
	resp.Proto, resp.ProtoMajor, resp.ProtoMinor = "HTTP/1.1", 1, 1
	return resp
}

// SlowWire waits before each call, telling Reached, until it may go on; see
// SharingHarness.Slow.
type SlowWire struct {
	To      http.RoundTripper
	Reached chan<- struct{}
	GoOn    <-chan struct{}
}

// RoundTrip implements http.RoundTripper.
func (w SlowWire) RoundTrip(r *http.Request) (*http.Response, error) {
	w.Reached <- struct{}{}
	<-w.GoOn
	return w.To.RoundTrip(r)
}

// NullWire responds to everything with null, as a broken proxy may.
type NullWire struct{}

// RoundTrip implements http.RoundTripper.
func (NullWire) RoundTrip(*http.Request) (*http.Response, error) {
	return Response(http.StatusOK, nil, nil), nil
}

// ListWire lets a list of numbered pages change while it is read.
type ListWire struct {
	To         http.RoundTripper
	Path       string // how the list's path ends
	AfterFirst func() // is called after each reading of the first page
}

// RoundTrip implements http.RoundTripper.
func (w ListWire) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := w.To.RoundTrip(r)
	if r.URL.Query().Get("page") == "1" && strings.HasSuffix(r.URL.Path, w.Path) {
		w.AfterFirst()
	}
	return got, err
}

// Response returns a response with a body in JSON.
func Response(status int, header http.Header, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err) // a test's own body
	}
	if header == nil {
		header = http.Header{}
	}
	header.Set("Content-Type", "application/json")
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader(text)), ContentLength: int64(len(text))}
}
