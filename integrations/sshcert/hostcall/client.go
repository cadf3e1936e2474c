package hostcall

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/internal/strictjson"
)

// Client calls the helper of one host. It is safe for concurrent use. It keeps no
// connection open: calls are rare, and hosts restart.
type Client struct {
	address string // host:port of the helper
	key     ssh.Signer
	host    ssh.HostKeyCallback
	dial    func(ctx context.Context, address string) (net.Conn, error)
}

var _ Host = (*Client)(nil)

// NewClient returns a client of the helper at an address, which calls with key and
// knows the host by hostKey. Dial is how it gets there; nil is TCP.
func NewClient(address string, key ssh.Signer, hostKey ssh.HostKeyCallback, dial func(ctx context.Context, address string) (net.Conn, error)) *Client {
	if dial == nil {
		dial = func(ctx context.Context, address string) (net.Conn, error) {
			d := net.Dialer{Timeout: 5 * time.Second}
			return d.DialContext(ctx, "tcp", address)
		}
	}
	return &Client{address: address, key: key, host: hostKey, dial: dial}
}

// notReached is why a host was not asked.
type notReached struct{ cause error }

func (e *notReached) Error() string { return e.cause.Error() }
func (e *notReached) Unwrap() error { return e.cause }

// NotReached reports whether a call failed before the host was asked, so that it has done
// nothing.
func NotReached(err error) bool {
	var e *notReached
	return errors.As(err, &e)
}

// user is what the client calls itself. The helper goes by the key alone.
const user = "ramp"

// call makes one call. Errors of the network are of code unavailable.
func (c *Client) call(ctx context.Context, in request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	unreached := func(err error) (reply, error) {
		return reply{}, access.Errorf(access.CodeUnavailable, "reach the host's helper: %w", &notReached{err})
	}
	conn, err := c.dial(ctx, c.address)
	if err != nil {
		return unreached(withoutAddress(err))
	}
	defer conn.Close()
	// The library knows no context. Closing the connection ends whatever it waits for.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	session, channels, requests, err := ssh.NewClientConn(conn, c.address, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(c.key)}, HostKeyCallback: c.host})
	if err != nil {
		return unreached(err)
	}
	client := ssh.NewClient(session, channels, requests)
	defer client.Close()
	lost := func(err error) (reply, error) {
		return reply{}, access.Errorf(access.CodeUnavailable, "the host's helper: %w", err)
	}
	channel, ignored, err := client.OpenChannel(channelType, encoded(in))
	if err != nil {
		return lost(err)
	}
	go ssh.DiscardRequests(ignored)
	body, err := io.ReadAll(io.LimitReader(channel, in.maxReply()))
	if err != nil {
		return lost(err)
	}
	var out reply
	if err := strictjson.UnmarshalOpen(body, &out); err != nil {
		return lost(fmt.Errorf("its reply is cut off, or no reply"))
	}
	return out, out.err()
}

// withoutAddress returns what went wrong: the address is said by whoever says the host.
func withoutAddress(err error) error {
	var network *net.OpError
	if errors.As(err, &network) && network.Err != nil {
		return network.Err
	}
	return err
}

func about(do string, g access.Grant) request {
	return request{Do: do, Grant: g.Name, Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt}
}

// Grant implements Host.
func (c *Client) Grant(ctx context.Context, g access.Grant) error {
	_, err := c.call(ctx, about(doGrant, g))
	return err
}

// Extend implements Host.
func (c *Client) Extend(ctx context.Context, g access.Grant) error {
	_, err := c.call(ctx, about(doExtend, g))
	return err
}

// Issue implements Host. The end that a host says is that of a certificate which other hosts
// admit too: one before 1970 is to SSH a time far off, or none.
func (c *Client) Issue(ctx context.Context, g access.Grant, key ssh.PublicKey) (time.Time, error) {
	in := about(doIssue, g)
	in.Key = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	out, err := c.call(ctx, in)
	if err == nil && (!out.EndsAt.After(clock.Now()) || out.EndsAt.After(g.ExpiresAt)) {
		err = access.Errorf(access.CodeUnavailable, "the host's helper returned no end that the grant may have")
	}
	return out.EndsAt, err
}

// maxSessions bounds how many sessions of one grant a host can have. What hosts say is added
// up: fewer than none, and more than a number holds, would take away what another host has.
const maxSessions = 1 << 20

// Inspect implements Host. A reply that does not say what was found proves nothing.
func (c *Client) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	out, err := c.call(ctx, request{Do: doInspect, Grant: g.Name})
	switch {
	case err != nil:
	case out.Found == nil:
		err = access.Errorf(access.CodeUnavailable, "the host's helper did not say what it found")
	case out.Found.Sessions < 0 || out.Found.Sessions > maxSessions:
		err = access.Errorf(access.CodeUnavailable, "the host's helper says that it has %d sessions", out.Found.Sessions)
	}
	if err != nil {
		return access.ReadBack{}, err
	}
	return *out.Found, nil
}

// Revoke implements Host.
func (c *Client) Revoke(ctx context.Context, g access.Grant) error {
	_, err := c.call(ctx, request{Do: doRevoke, Grant: g.Name})
	return err
}

// List implements Host.
func (c *Client) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	out, err := c.call(ctx, request{Do: doList})
	if err == nil && len(out.Listed) > maxListed {
		err = access.Errorf(access.CodeUnavailable, "the host's helper lists %d grants, and at most %d are taken", len(out.Listed), maxListed)
	}
	if err != nil {
		return nil, err
	}
	return out.Listed, nil
}

// Drift implements Host.
func (c *Client) Drift(ctx context.Context, g access.Grant) ([]string, error) {
	out, err := c.call(ctx, about(doDrift, g))
	if more := len(out.Differs) - maxDiffers; more > 0 {
		out.Differs = append(out.Differs[:maxDiffers], fmt.Sprintf("and %d more", more))
	}
	for i := range out.Differs {
		out.Differs[i] = access.Clip(out.Differs[i], maxError)
	}
	return out.Differs, err
}

// Restore implements Host.
func (c *Client) Restore(ctx context.Context, g access.Grant) error {
	_, err := c.call(ctx, about(doRestore, g))
	return err
}

// Usage implements Host.
func (c *Client) Usage(ctx context.Context, g access.Grant) (access.Usage, error) {
	out, err := c.call(ctx, request{Do: doUsage, Grant: g.Name})
	switch {
	case err != nil:
	case out.Usage == nil:
		err = access.Errorf(access.CodeUnavailable, "the host's helper did not say how access was used")
	case out.Usage.Sessions > maxSessions || len(out.Usage.Validate()) > 0:
		err = access.Errorf(access.CodeUnavailable, "what the host's helper says of how access was used cannot be")
	}
	if err != nil {
		return access.Usage{}, err
	}
	return *out.Usage, nil
}

// WatchUsage implements Host.
func (c *Client) WatchUsage(ctx context.Context) error {
	_, err := c.call(ctx, request{Do: doWatch})
	return err
}

// Ping implements Host.
func (c *Client) Ping(ctx context.Context) error {
	_, err := c.call(ctx, request{Do: doPing})
	return err
}

// Setup implements Host.
func (c *Client) Setup(ctx context.Context) (Setup, error) {
	out, err := c.call(ctx, request{Do: doSetup})
	if err == nil && out.Setup == nil {
		err = access.Errorf(access.CodeUnavailable, "the host's helper did not say how it is set up")
	}
	if err != nil {
		return Setup{}, err
	}
	return *out.Setup, nil
}
