// Package ticket carries notices to the ticket that a request names, as comments.
package ticket

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/notices/channel"
)

// Channel writes comments in the systems that are configured. It is a channel.Channel.
type Channel struct{ systems map[string]facts.Config }

// New returns the channel; systems are by the names that contracts have for them.
func New(systems map[string]facts.Config) *Channel { return &Channel{systems} }

// Address returns where a ticket is: its system, and its key there.
func Address(system, key string) string { return system + " " + key }

// Send implements channel.Channel: once for each message id, which is in the comment, so
// that one whose response was lost is found.
func (c *Channel) Send(ctx context.Context, address string, m channel.Message) error {
	system, key, _ := strings.Cut(address, " ")
	configured, there := c.systems[system]
	if !there {
		return channel.Refused(access.Errorf(access.CodeInvalid, "no system %q is configured (worker.notices.tickets)", system))
	}
	commenter, err := facts.OpenCommenter(configured)
	if err != nil {
		return err
	}
	err = commenter.Comment(ctx, key, "ramp-notice "+m.ID, m.Text)
	if access.CodeOf(err) == access.CodeNotFound {
		return channel.Refused(err)
	}
	return err
}

// Ping implements channel.Channel.
func (c *Channel) Ping(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(c.systems)) {
		commenter, err := facts.OpenCommenter(c.systems[name])
		if err == nil {
			err = commenter.PingComments(ctx)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
