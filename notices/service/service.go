// Package service carries notices to channels of chat services that are reached by an
// address alone: Discord, Mattermost, Rocket.Chat and ntfy through shoutrrr, and Teams.
//
// shoutrrr tries again by itself, waits as long as the service says, and quotes addresses
// in its errors. A notice is tried by the outbox, which remembers; so each Send makes one
// call to the network, and its errors are Ramp's own.
package service

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/discord"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/mattermost"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/chat/rocketchat"
	"github.com/nicholas-fedor/shoutrrr/pkg/services/push/ntfy"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/notices/channel"
)

// Channel writes in the channels that are configured. It is a channel.Channel.
type Channel struct {
	channels map[string]Config
	// between is put between Ramp and the network, for tests; nil: nothing is.
	between func(http.RoundTripper) http.RoundTripper
}

var _ channel.Channel = (*Channel)(nil)

// New returns the channel; channels are by their names.
func New(channels map[string]Config) *Channel { return &Channel{channels: channels} }

// within bounds one call.
const within = 20 * time.Second

// sender sends one text.
type sender interface {
	Send(message string, params *types.Params) error
}

// Send implements channel.Channel: it writes in the channel of a name. None of the services
// knows a message again, so one whose response was lost is written a second time.
func (c *Channel) Send(ctx context.Context, name string, m channel.Message) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	s, one, err := c.open(ctx, name)
	if err != nil {
		return err
	}
	return one.outcome(name, s.Send(m.Text, nil))
}

// open returns what sends to a channel, through one call to the network.
func (c *Channel) open(ctx context.Context, name string) (sender, *oneCall, error) {
	configured, there := c.channels[name]
	if !there {
		return nil, nil, channel.Refused(access.Errorf(access.CodeInvalid, "no channel %q is configured (worker.notices.channels)", access.Clip(name, 40)))
	}
	address, err := configured.Address.Read(ctx)
	if err != nil {
		return nil, nil, access.Errorf(access.CodeUnavailable, "the address of channel %s cannot be read", name)
	}
	own, err := jsonhttp.Config{CAFile: configured.CAFile}.HTTPClient()
	if err != nil {
		return nil, nil, err
	}
	one := &oneCall{ctx: ctx, next: own.Transport}
	if c.between != nil {
		one.next = c.between(one.next)
	}
	own.Transport = one
	s, err := senderOf(strings.TrimSpace(address), own)
	if err != nil {
		return nil, nil, channel.Refused(access.Errorf(access.CodeInvalid, "channel %s: %w", name, err))
	}
	return s, one, nil
}

// Errors about an address, none of which has any of it.
var (
	errAddress = errors.New("its address is none that Ramp knows: it begins with discord://, mattermost://, rocketchat://, ntfy:// or teams+https://")
	errForm    = errors.New("its address lacks a part, or has one that is not known")
	errRaw     = errors.New("its address must not say that the message is JSON")
)

// senderOf returns what sends to an address through a client.
func senderOf(address string, own *http.Client) (sender, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errAddress
	}
	switch u.Scheme {
	case discord.Scheme:
		s := &discord.Service{}
		if s.Initialize(u, quiet{}) != nil {
			return nil, errForm
		}
		if s.Config.JSON {
			return nil, errRaw
		}
		// By lines it would be several messages, of which some may arrive.
		s.Config.SplitLines, s.HTTPClient, s.Sleeper = false, own, noSleep{}
		return s, nil
	case mattermost.Scheme:
		s := &mattermost.Service{}
		if s.Initialize(u, quiet{}) != nil {
			return nil, errForm
		}
		*s.GetHTTPClient() = *own
		return s, nil
	case rocketchat.Scheme:
		s := &rocketchat.Service{Client: own}
		if s.Initialize(u, quiet{}) != nil {
			return nil, errForm
		}
		return s, nil
	case ntfy.Scheme:
		s := &ntfy.Service{}
		if s.Initialize(u, quiet{}) != nil {
			return nil, errForm
		}
		s.SetHTTPClient(own)
		return s, nil
	case teamsScheme:
		return newTeams(u, own)
	}
	return nil, errAddress
}

// Ping implements channel.Channel: it reads the addresses and calls nobody, since each of
// these services can only be asked by writing.
func (c *Channel) Ping(ctx context.Context) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.channels)) {
		_, _, err := c.open(ctx, name)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// quiet is shoutrrr's log, into which it writes addresses.
type quiet struct{}

func (quiet) Print(...any)          {}
func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// noSleep is how long a try waits before it is made again, which oneCall refuses.
type noSleep struct{}

func (noSleep) Sleep(time.Duration) {}

// oneCall lets one call through to the network, within its context, and keeps what came of
// it.
type oneCall struct {
	ctx    context.Context
	next   http.RoundTripper
	made   bool
	status int
	header http.Header
	err    error
}

var errTwice = errors.New("a notice is sent by one call")

// RoundTrip implements http.RoundTripper.
func (o *oneCall) RoundTrip(r *http.Request) (*http.Response, error) {
	if o.made {
		return nil, errTwice
	}
	o.made = true
	if !jsonhttp.IsSafe(r.URL.Scheme, r.URL.Host) {
		o.err = access.Errorf(access.CodeInvalid, "its address is not https")
		return nil, errTwice
	}
	ctx, cancel := context.WithCancel(r.Context())
	context.AfterFunc(o.ctx, cancel) // which also ends it once the message is sent
	resp, err := o.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		o.err = err
		return nil, errTwice // so that nothing takes it for something that passes
	}
	o.status, o.header = resp.StatusCode, resp.Header
	return resp, nil
}

// outcome returns what came of a message. said is the library's error, of which no word is
// passed on.
func (o *oneCall) outcome(name string, said error) error {
	switch {
	case access.CodeOf(o.err) == access.CodeInvalid:
		return channel.Refused(access.Errorf(access.CodeInvalid, "channel %s: %w", name, o.err))
	case o.err != nil:
		return access.Errorf(access.CodeUnavailable, "channel %s: %w", name, network(o.err))
	case !o.made:
		return channel.Refused(access.Errorf(access.CodeInvalid, "channel %s: %w", name, errForm))
	case o.status >= 200 && o.status < 300 && said == nil:
		return nil
	case o.status < 400:
		return access.Errorf(access.CodeUnavailable, "channel %s: the service returned %d, and not what it returns for a message", name, o.status)
	}
	err := jsonhttp.StatusError("channel "+name+": the service", o.status, o.header)
	switch o.status {
	case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone, http.StatusRequestEntityTooLarge:
		return channel.Refused(err)
	}
	return err
}

// network returns an error of the network without the address that it repeats.
func network(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	return fmt.Errorf("the service cannot be reached, or did not respond: %w", err)
}
