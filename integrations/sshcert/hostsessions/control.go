package hostsessions

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// ControlSocket is the control socket of a demo host, with HTTP on it. If the host
// does not respond, its sessions are not known: a host that was killed has none,
// one that hangs may have some, and the two look the same from here.
type ControlSocket string

const controlTimeout = 10 * time.Second

// Count implements Finder.
func (s ControlSocket) Count(ctx context.Context, grant string) (int, error) {
	return s.call(ctx, http.MethodGet, grant)
}

// Cut implements Finder.
func (s ControlSocket) Cut(ctx context.Context, grant string) error {
	left, err := s.call(ctx, http.MethodDelete, grant)
	if err == nil && left > 0 {
		return access.Errorf(access.CodeUnavailable, "%d sessions are still being cut", left)
	}
	return err
}

// Note implements Finder. The demo host records the end of each connection itself.
func (s ControlSocket) Note(context.Context) error { return nil }

// call makes one request and returns how many sessions the grant has after it.
func (s ControlSocket) call(ctx context.Context, method, grant string) (int, error) {
	fail := func(err error) (int, error) {
		return 0, access.Errorf(access.CodeUnavailable, "the host's control socket: %w", err)
	}
	// Connections are not kept open: calls are rare, and hosts restart.
	client := http.Client{Timeout: controlTimeout, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", string(s))
		},
	}}
	req, err := http.NewRequestWithContext(ctx, method, "http://host/sessions?grant="+url.QueryEscape(grant), nil)
	if err != nil {
		return fail(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return fail(err)
	}
	defer resp.Body.Close()
	var reply struct {
		Sessions *int `json:"sessions"`
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
	if err == nil {
		err = strictjson.UnmarshalOpen(body, &reply)
	}
	if resp.StatusCode != http.StatusOK || err != nil || reply.Sessions == nil {
		return 0, access.Errorf(access.CodeUnavailable, "the host's control socket returns %s", resp.Status)
	}
	return *reply.Sessions, nil
}
