package access

import "slices"

// NoticeTopic is what a person may choose to hear of, or not. What every person must hear
// of, as break glass, belongs to no topic.
type NoticeTopic string

const (
	TopicDecisions NoticeTopic = "decisions" // what waits for their decision
	TopicHandled   NoticeTopic = "handled"   // what they were asked to decide, and nobody needs to any more
	TopicRequests  NoticeTopic = "requests"  // what becomes of their own requests
	TopicReminders NoticeTopic = "reminders" // their own access is about to end
)

// NoticeMail is the channel of notices by mail, as people choose it.
const NoticeMail = "mail"

// NoticeTopics returns the topics of which a channel tells. A chat service has one message
// for its approvers together, so that there a person chooses only what they hear alone.
func NoticeTopics(channel string) []NoticeTopic {
	switch channel {
	case NoticeMail:
		return []NoticeTopic{TopicDecisions, TopicHandled, TopicRequests, TopicReminders}
	case string(ViaSlack):
		return []NoticeTopic{TopicRequests, TopicReminders}
	}
	return nil
}

// About returns in words what a topic is about.
func (t NoticeTopic) About() string {
	switch t {
	case TopicDecisions:
		return "what waits for your decision"
	case TopicHandled:
		return "what you were asked to decide, once others have"
	case TopicRequests:
		return "what becomes of your own requests"
	case TopicReminders:
		return "your access is about to end"
	}
	return string(t)
}

// NoticeChoice is what one person chose to hear of. The zero NoticeChoice hears everything.
type NoticeChoice struct {
	// Off has, by channel, the topics of which the person does not hear through it.
	Off map[string][]NoticeTopic `json:"off,omitempty"`
	// Zone is in which times are given, as in Europe/Berlin; the installation's if empty.
	Zone string `json:"zone,omitempty"`
}

// Hears reports whether the person hears of a topic through a channel.
func (c NoticeChoice) Hears(channel string, t NoticeTopic) bool {
	return !slices.Contains(c.Off[channel], t)
}

// NoticeSettings are a person's choice, and what there is to choose from.
type NoticeSettings struct {
	NoticeChoice
	Channels []NoticeChannel `json:"channels"`
}

// NoticeChannel is a channel with the topics that may be switched off in it.
type NoticeChannel struct {
	Name   string        `json:"name"`
	Topics []NoticeTopic `json:"topics"`
}
