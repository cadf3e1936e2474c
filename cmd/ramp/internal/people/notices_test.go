package people

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestChosenNotices: what is switched on and off is that alone.
func TestChosenNotices(t *testing.T) {
	before := access.NoticeChoice{Zone: "UTC", Off: map[string][]access.NoticeTopic{"mail": {access.TopicHandled, access.TopicReminders}}}
	got, err := chosenNotices(before, []string{"mail/handled"}, []string{"mail/requests", "slack/reminders"})
	require.NoError(t, err)
	require.Equal(t, access.NoticeChoice{Zone: "UTC", Off: map[string][]access.NoticeTopic{"mail": {access.TopicReminders, access.TopicRequests}, "slack": {access.TopicReminders}}}, got)
	require.Len(t, before.Off["mail"], 2)
	got, err = chosenNotices(before, []string{"mail/handled", "mail/reminders"}, nil)
	require.NoError(t, err)
	require.Empty(t, got.Off)
	for _, bad := range []string{"mail", "/handled", "mail/"} {
		_, err := chosenNotices(before, nil, []string{bad})
		require.ErrorContains(t, err, "is not like mail/reminders")
	}
	var b bytes.Buffer
	noticesTable(access.NoticeSettings{NoticeChoice: before, Channels: []access.NoticeChannel{{Name: "mail", Topics: access.NoticeTopics("mail")}}})(&b)
	require.Regexp(t, `mail/handled +what you were asked to decide, once others have +off`, b.String())
	require.Regexp(t, `mail/requests +what becomes of your own requests +on`, b.String())
}
