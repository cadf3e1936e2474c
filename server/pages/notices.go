package pages

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

// noticePart is the form in which a person chooses what they hear of.
type noticePart struct {
	Channels []string
	Topics   []noticeRow
	Zone     string
}

type noticeRow struct {
	About string
	Boxes []noticeBox // one for each channel
}

// noticeBox is one topic in one channel; one that nobody chooses there has no name.
type noticeBox struct {
	Name, Label string
	On          bool
}

func noticesOf(s access.NoticeSettings) noticePart {
	out := noticePart{Zone: s.Zone}
	for _, c := range s.Channels {
		out.Channels = append(out.Channels, channelLabel(c.Name))
	}
	for _, t := range access.NoticeTopics(access.NoticeMail) {
		row := noticeRow{About: t.About()}
		for _, c := range s.Channels {
			box := noticeBox{Label: channelLabel(c.Name) + ": " + t.About(), On: s.Hears(c.Name, t)}
			for _, has := range c.Topics {
				if has == t {
					box.Name = c.Name + "/" + string(t)
				}
			}
			row.Boxes = append(row.Boxes, box)
		}
		out.Topics = append(out.Topics, row)
	}
	return out
}

func channelLabel(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

// chooseNotices takes the form. A box that is not ticked is not sent, so a topic is off
// where there is a box for it and no value.
func (p *Pages) chooseNotices(c echo.Context) error {
	settings, err := p.app.NoticeSettings(c.Request().Context(), auth.Person(c))
	if err != nil {
		return err
	}
	choice := access.NoticeChoice{Off: map[string][]access.NoticeTopic{}, Zone: strings.TrimSpace(c.FormValue("zone"))}
	for _, channel := range settings.Channels {
		for _, t := range channel.Topics {
			if c.FormValue(channel.Name+"/"+string(t)) == "" {
				choice.Off[channel.Name] = append(choice.Off[channel.Name], t)
			}
		}
	}
	if _, err := p.app.ChooseNotices(c.Request().Context(), auth.Actor(c), choice); err != nil {
		return err
	}
	return c.Redirect(http.StatusSeeOther, "/you#notices")
}
