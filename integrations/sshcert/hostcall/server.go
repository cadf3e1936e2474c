package hostcall

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
	"ramp.dev/ramp/internal/strictjson"
)

// Server lets workers call one host.
type Server struct {
	Host    Host
	Key     ssh.Signer      // the host's, or its certificate
	Workers []ssh.PublicKey // who may call
}

const (
	handshakeTimeout = 10 * time.Second
	// maxCalls bounds the connections of workers at one time. Strangers take none of these.
	maxCalls = 256
	// fullPause is how long the helper waits where the host has no room for a connection.
	fullPause = 100 * time.Millisecond
)

// Serve serves until ctx ends. Then it closes the connections, whose workers call again, and
// returns when no call is under way. It returns an error (unavailable) if the listener fails
// before.
func (s Server) Serve(ctx context.Context, l net.Listener) error {
	config := &ssh.ServerConfig{ServerVersion: "SSH-2.0-ramp-host", PublicKeyCallback: s.authenticate}
	config.AddHostKey(s.Key)
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var under sync.WaitGroup
	defer under.Wait()
	in := &visitors{calls: make(chan struct{}, maxCalls)}
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case slices.ContainsFunc(noRoom, func(full syscall.Errno) bool { return errors.Is(err, full) }):
			// Somebody on the host took its room, and may give it back. A helper that ends here
			// would cut no sessions any more.
			select {
			case <-ctx.Done():
			case <-time.After(fullPause):
			}
			continue
		case err != nil:
			return access.Errorf(access.CodeUnavailable, "the helper's port: %w", err)
		}
		one := in.strangers.add(conn)
		under.Go(func() {
			defer in.strangers.remove(one)
			s.serve(ctx, one, in, config)
		})
	}
}

// noRoom is what the system says that has no room for one more connection.
var noRoom = []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM}

// visitors are the connections that there are.
type visitors struct {
	strangers strangers
	calls     chan struct{} // has one for each connection of a worker
}

var errUnknownKey = errors.New("this helper does not know the key")

func (s Server) authenticate(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	knows := slices.ContainsFunc(s.Workers, func(w ssh.PublicKey) bool { return bytes.Equal(w.Marshal(), key.Marshal()) })
	if !knows {
		return nil, errUnknownKey
	}
	return &ssh.Permissions{}, nil
}

// serve serves one connection: a call, as a rule.
func (s Server) serve(ctx context.Context, one *stranger, in *visitors, config *ssh.ServerConfig) {
	conn := one.conn
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if conn.SetDeadline(time.Now().Add(handshakeTimeout)) != nil {
		return
	}
	session, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return // nobody who was let in
	}
	in.strangers.remove(one)
	select {
	case in.calls <- struct{}{}:
		defer func() { <-in.calls }()
	case <-ctx.Done():
		return
	}
	defer session.Close()
	if conn.SetDeadline(time.Now().Add(2*callTimeout)) != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for opened := range channels {
		if opened.ChannelType() != channelType {
			_ = opened.Reject(ssh.UnknownChannelType, "this is Ramp's helper: it has no sessions")
			continue
		}
		s.reply(ctx, opened)
	}
}

// reply does what one call asks for. A call that has begun is finished when the worker
// has gone: it may be the one that ends access.
func (s Server) reply(ctx context.Context, opened ssh.NewChannel) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	out := s.do(ctx, opened.ExtraData())
	channel, ignored, err := opened.Accept()
	if err != nil {
		return
	}
	go ssh.DiscardRequests(ignored)
	if _, err := channel.Write(encoded(out)); err == nil {
		_ = channel.Close() // without it, the worker takes the reply for cut off
	}
}

// do checks a request as integrations.Guard does, and does it.
func (s Server) do(ctx context.Context, body []byte) reply {
	var in request
	if err := strictjson.Unmarshal(body, &in); err != nil {
		return reply{Code: access.CodeUnavailable, Error: "the request is not one that this helper knows; is the worker newer?"}
	}
	g := access.Grant{Name: in.Grant, Entitlement: in.Entitlement, ExpiresAt: in.ExpiresAt.UTC().Truncate(time.Second)}
	if err := in.check(g); err != nil {
		return failed(err)
	}
	out, err := s.run(ctx, in, g)
	if err != nil {
		return failed(err)
	}
	return out
}

// check refuses names that Ramp did not make, and what would open or prolong access that
// has ended.
func (r request) check(g access.Grant) error {
	if slices.Contains([]string{doList, doWatch, doPing, doSetup}, r.Do) {
		return nil
	}
	if _, ok := access.RequestIDFromGrantName(g.Name); !ok {
		return access.InvalidField("grant_name", "grant", "%s is not the name of a grant of Ramp's", access.Clip(g.Name, 60))
	}
	if slices.Contains([]string{doGrant, doExtend, doIssue, doRestore}, r.Do) && !clock.Now().Before(g.ExpiresAt) {
		return access.InvalidField("expired", "expiresAt", "the grant has expired, by this host's clock")
	}
	return nil
}

func (s Server) run(ctx context.Context, in request, g access.Grant) (out reply, err error) {
	switch in.Do {
	case doGrant:
		err = s.Host.Grant(ctx, g)
	case doExtend:
		err = s.Host.Extend(ctx, g)
	case doIssue:
		key, _, _, _, wrong := ssh.ParseAuthorizedKey([]byte(in.Key))
		if wrong != nil {
			return out, access.InvalidField("key_malformed", "key", "this is no public key")
		}
		out.EndsAt, err = s.Host.Issue(ctx, g, key)
	case doInspect:
		var found access.ReadBack
		found, err = s.Host.Inspect(ctx, g)
		out.Found = &found
	case doRevoke:
		err = s.Host.Revoke(ctx, g)
	case doList:
		out.Listed, err = s.Host.List(ctx)
	case doDrift:
		out.Differs, err = s.Host.Drift(ctx, g)
	case doRestore:
		err = s.Host.Restore(ctx, g)
	case doUsage:
		var used access.Usage
		used, err = s.Host.Usage(ctx, g)
		out.Usage = &used
	case doWatch:
		err = s.Host.WatchUsage(ctx)
	case doPing:
		err = s.Host.Ping(ctx)
	case doSetup:
		var is Setup
		is, err = s.Host.Setup(ctx)
		for _, key := range s.Workers {
			is.Workers = append(is.Workers, ssh.FingerprintSHA256(key))
		}
		out.Setup = &is
	default:
		err = access.Errorf(access.CodeUnavailable, "this helper does not know %q; is the worker newer?", access.Clip(in.Do, 40))
	}
	return out, err
}
