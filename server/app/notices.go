package app

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

// noticeLedger keeps what people chose to hear of.
type noticeLedger interface {
	SetNoticeChoice(ctx context.Context, p access.Person, c access.NoticeChoice, at time.Time, e access.Event) error
	NoticeChoices(ctx context.Context, idsAndAddresses ...string) (map[string]access.NoticeChoice, error)
}

// notices let people choose what they hear of. Of break glass, of alarms, and of what a
// contract wants them to hear nobody chooses.
type notices struct {
	ledger   noticeLedger
	channels []string // in which people hear alone
	refused  refusals
	now      clock
}

// noticeChannels are those in which a person hears alone: mail, and the direct messages of
// Slack.
func noticeChannels(c ExternalConfig) []string {
	out := []string{access.NoticeMail}
	for _, s := range c.Services {
		if s.Service == string(access.ViaSlack) {
			out = append(out, s.Service)
		}
	}
	return out
}

// NoticeSettings returns what a person chose to hear of, and what there is to choose from.
func (n *notices) NoticeSettings(ctx context.Context, p access.Person) (access.NoticeSettings, error) {
	chosen, err := n.ledger.NoticeChoices(ctx, p.ID)
	if err != nil {
		return access.NoticeSettings{}, err
	}
	out := access.NoticeSettings{NoticeChoice: chosen[access.FoldID(p.ID)]}
	for _, name := range n.channels {
		out.Channels = append(out.Channels, access.NoticeChannel{Name: name, Topics: access.NoticeTopics(name)})
	}
	return out, nil
}

// ChooseNotices records what a person hears of from now on, in the place of what they chose
// before. Errors are CodeInvalid for a channel, a topic or a zone that is none, and
// CodeForbidden for who is no human: an agent's human hears in its place.
func (n *notices) ChooseNotices(ctx context.Context, by access.Actor, c access.NoticeChoice) (access.NoticeSettings, error) {
	if by.Person.Kind != access.KindHuman {
		return access.NoticeSettings{}, n.refused.record(ctx, by, "", access.ActChooseNotices, access.Refuse(access.CodeForbidden, "not_human", "only people choose what they hear of"))
	}
	c, err := n.checked(c)
	if err != nil {
		return access.NoticeSettings{}, err
	}
	e := by.Event(access.EventNoticesChosen, n.now())
	for _, name := range slices.Sorted(maps.Keys(c.Off)) {
		var off []string
		for _, t := range c.Off[name] {
			off = append(off, string(t))
		}
		e.Detail["off_"+name] = strings.Join(off, ", ")
	}
	if c.Zone != "" {
		e.Detail["zone"] = c.Zone
	}
	if err := n.ledger.SetNoticeChoice(ctx, by.Person, c, n.now(), e); err != nil {
		return access.NoticeSettings{}, err
	}
	return n.NoticeSettings(ctx, by.Person)
}

// checked returns a choice in one form.
func (n *notices) checked(c access.NoticeChoice) (access.NoticeChoice, error) {
	out := access.NoticeChoice{Off: map[string][]access.NoticeTopic{}, Zone: c.Zone}
	for name, off := range c.Off {
		if !slices.Contains(n.channels, name) {
			return out, access.InvalidField("notice_channel", "off", "there is no channel %q to choose; there are %s", access.Clip(name, 40), strings.Join(n.channels, ", "))
		}
		for _, t := range off {
			if topics := access.NoticeTopics(name); !slices.Contains(topics, t) {
				var names []string
				for _, one := range topics {
					names = append(names, string(one))
				}
				return out, access.InvalidField("notice_topic", "off."+name, "%q is no topic of %s; there are %s", access.Clip(string(t), 40), name, strings.Join(names, ", "))
			}
			if !slices.Contains(out.Off[name], t) {
				out.Off[name] = append(out.Off[name], t)
			}
		}
		slices.Sort(out.Off[name])
	}
	if c.Zone == "" {
		return out, nil
	}
	if zone, err := time.LoadLocation(c.Zone); err != nil || zone == time.Local {
		return out, access.InvalidField("notice_zone", "zone", "%q is no time zone like Europe/Berlin", access.Clip(c.Zone, 40))
	}
	return out, nil
}
