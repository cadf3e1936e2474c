package contracts

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// notify is who hears of what, beside what everybody is told.
type notify struct {
	Notify []notice `yaml:"notify" schema:"maxItems=10"`
}

type notice struct {
	Of     []string `yaml:"of" schema:"required minItems=1 maxItems=20"`
	Whom   []string `yaml:"whom" schema:"maxItems=3"`
	Groups []string `yaml:"groups" schema:"maxItems=20 name"`
	// Channels are names that worker.notices.channels has.
	Channels []string `yaml:"channels" schema:"maxItems=20"`
}

const (
	maxNotices      = 10
	maxNoticeOf     = 20
	maxNoticeGroups = 20
)

// channelName is what a channel of notices may be called.
var channelName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

var noticeAudiences = []string{string(access.NoticeRequester), string(access.NoticeApprovers), string(access.NoticeReviewers)}

func (*notify) section() string { return "" }

func (n *notify) check(d *document) {
	if len(n.Notify) > maxNotices {
		d.issue("notify", fmt.Sprintf("notify has %d entries at the most", maxNotices), "notify")
	}
	for i, one := range n.Notify {
		if len(one.Of) == 0 || len(one.Of) > maxNoticeOf {
			d.issue("notify_of", fmt.Sprintf("say of which events, such as of: [access.active]; %d at the most", maxNoticeOf), "notify", i, "of")
		}
		for k, kind := range one.Of {
			if access.EventKind(kind).Noticeable() {
				continue
			}
			message := fmt.Sprintf("no notice is sent of %q", access.Clip(kind, 40))
			if near := Nearest(kind, noticeable()); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
			d.issue("notify_of", message+"; docs/events.md lists the kinds", "notify", i, "of", k)
		}
		for k, whom := range one.Whom {
			if !slices.Contains(noticeAudiences, whom) {
				d.issue("notify_whom", fmt.Sprintf("%q is none of %s; name other people by their groups", access.Clip(whom, 40), strings.Join(noticeAudiences, ", ")), "notify", i, "whom", k)
			}
		}
		if len(one.Whom) > len(noticeAudiences) || len(one.Groups) > maxNoticeGroups || len(one.Channels) > maxNoticeGroups {
			d.issue("notify_whom", fmt.Sprintf("a notice has each audience once, and %d groups and %d channels at the most", maxNoticeGroups, maxNoticeGroups), "notify", i)
		}
		for k, name := range one.Channels {
			if !channelName.MatchString(name) {
				// An address that somebody wrote there is a secret, and is not repeated.
				d.issue("notify_channel", "a channel is named as worker.notices.channels names it, in lowercase letters, digits and dashes; its address stays in that configuration", "notify", i, "channels", k)
			}
		}
		if len(one.Whom)+len(one.Groups)+len(one.Channels) == 0 {
			d.issue("notify_whom", "say who hears it, by one or more of whom: [requester], groups: [prod-watch] and channels: [prod-chat]", "notify", i)
		}
		checkNames(d, "a group's name cannot be blank", one.Groups, []any{"notify", i, "groups"})
	}
}

func noticeable() (out []string) {
	for _, k := range access.EventKinds() {
		if k.Noticeable() {
			out = append(out, string(k))
		}
	}
	return out
}

func (n *notify) plan(q *query) {
	for _, one := range n.Notify {
		planned := access.Notice{Groups: one.Groups, Channels: one.Channels}
		for _, kind := range one.Of {
			planned.Of = append(planned.Of, access.EventKind(kind))
		}
		for _, whom := range one.Whom {
			planned.Whom = append(planned.Whom, access.NoticeAudience(whom))
		}
		q.draft.Notify = append(q.draft.Notify, planned)
	}
}

func (*notify) explain(p access.Plan) (lines []Line) {
	for _, n := range p.Notify {
		lines = append(lines, Line{"notice", n.String()})
	}
	return lines
}

// tells reports whether a group, or a channel, hears of an event.
func (n *notify) tells(k access.EventKind) bool {
	return slices.ContainsFunc(n.Notify, func(one notice) bool {
		return len(one.Groups)+len(one.Channels) > 0 && slices.Contains(one.Of, string(k))
	})
}

// Notifies reports whether the contract has notices of its own.
func (c *Contract) Notifies() bool { return len(c.terms.notify.Notify) > 0 }
