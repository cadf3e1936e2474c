package people

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/cmd/ramp/internal/output"
)

func noticesCommand() *cobra.Command {
	var on, off []string
	var zone string
	c := &cobra.Command{
		Use: "notices", Short: "Show and choose what Ramp notifies you of", Args: cobra.NoArgs,
		Long: "Shows of what you are notified through which channel, and changes it with --off and --on. Notices of break glass,\n" +
			"alarms, and those that a contract wants cannot be switched off.",
		Example: "  ramp notices\n  ramp notices --off mail/handled,mail/reminders\n  ramp notices --on mail/handled --zone Europe/Berlin",
	}
	c.Flags().StringSliceVar(&off, "off", nil, "no longer through this channel of this topic, as CHANNEL/TOPIC")
	c.Flags().StringSliceVar(&on, "on", nil, "again through this channel of this topic, as CHANNEL/TOPIC")
	c.Flags().StringVar(&zone, "zone", "", "the time zone in which notices give times, such as Europe/Berlin")
	return readCommand(c, func(ctx context.Context, cl *client.Client, _ []string) (access.NoticeSettings, error) {
		now, err := cl.Notices(ctx)
		if err != nil || len(on)+len(off) == 0 && !c.Flags().Changed("zone") {
			return now, err
		}
		choice, err := chosenNotices(now.NoticeChoice, on, off)
		if err != nil {
			return now, err
		}
		if c.Flags().Changed("zone") {
			choice.Zone = zone
		}
		return cl.ChooseNotices(ctx, choice)
	}, noticesTable)
}

// chosenNotices returns a choice with topics switched on and off. Whether there are such
// channels and topics, the server says.
func chosenNotices(c access.NoticeChoice, on, off []string) (access.NoticeChoice, error) {
	out := access.NoticeChoice{Off: map[string][]access.NoticeTopic{}, Zone: c.Zone}
	for channel, topics := range c.Off {
		out.Off[channel] = slices.Clone(topics)
	}
	for i, name := range append(slices.Clone(on), off...) {
		channel, topic, both := strings.Cut(name, "/")
		if !both || channel == "" || topic == "" {
			return out, access.InvalidField("notice_topic", "", "%q is not like mail/reminders: a channel, a slash and a topic; ramp notices lists them", output.Clean(access.Clip(name, 60)))
		}
		out.Off[channel] = slices.DeleteFunc(out.Off[channel], func(t access.NoticeTopic) bool { return string(t) == topic })
		if i >= len(on) {
			out.Off[channel] = append(out.Off[channel], access.NoticeTopic(topic))
		} else if len(out.Off[channel]) == 0 {
			delete(out.Off, channel)
		}
	}
	return out, nil
}

func noticesTable(s access.NoticeSettings) func(io.Writer) {
	return func(w io.Writer) {
		rows := [][]string{{"NOTICE", "ABOUT", "NOW"}}
		for _, c := range s.Channels {
			for _, t := range c.Topics {
				now := "off"
				if s.Hears(c.Name, t) {
					now = "on"
				}
				rows = append(rows, []string{output.Clean(c.Name + "/" + string(t)), output.Clean(t.About()), now})
			}
		}
		output.Table(w, rows)
		if s.Zone != "" {
			_, _ = io.WriteString(w, "\nTimes are in "+output.Clean(s.Zone)+".\n")
		}
	}
}
