package notices

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts"
	channelmail "ramp.dev/ramp/notices/mail"
	"ramp.dev/ramp/notices/service"
)

// Config says through what notices are sent, and who hears of what goes wrong.
type Config struct {
	Pages  string             `yaml:"pages,omitempty"` // the URL of Ramp's pages, to which notices lead
	Mail   channelmail.Config `yaml:"mail,omitempty"`
	Alarms []string           `yaml:"alarms,omitempty"` // addresses, or channels, that hear of break glass, and of what goes wrong
	// Operators are addresses, or channels, that hear beside alarms of what goes wrong with
	// Ramp itself: a receiver of events that is behind, a notice that did not arrive.
	Operators []string            `yaml:"operators,omitempty"`
	Groups    map[string][]string `yaml:"groups,omitempty"`  // by group, its addresses or channels: instead of its people's
	Reasons   bool                `yaml:"reasons,omitempty"` // what people wrote is in notices too
	// ReviewNames says that mails of a weekly review name people: whom findings are about, and
	// who held access.
	ReviewNames bool  `yaml:"reviewNames,omitempty"`
	Quiet       Quiet `yaml:"quiet,omitempty"`
	// Tickets are the systems on whose tickets Ramp comments, by the names that contracts
	// have for them. The server asks them with credentials of its own.
	Tickets map[string]facts.Config `yaml:"tickets,omitempty"`
	// Channels are channels of chat services, by the names that alarms, groups and contracts
	// have for them.
	Channels map[string]service.Config `yaml:"channels,omitempty"`
	// Facts is the source "oncall", as the server has it, by which people on call are mailed.
	Facts map[string]facts.Config `yaml:"facts,omitempty"`
}

// Quiet are hours in which people hear only of what is urgent; the rest waits.
type Quiet struct {
	From string `yaml:"from,omitempty"` // such as "22:00"
	To   string `yaml:"to,omitempty"`
	Zone string `yaml:"zone,omitempty"` // such as Europe/Berlin; UTC if empty
}

// On reports whether anything is to be sent.
func (c Config) On() bool { return c.Pages != "" }

// Validate returns everything that is wrong, reaching for nothing.
func (c Config) Validate() (issues access.Issues) {
	const at = "worker.notices"
	if !c.On() {
		if len(c.Alarms) > 0 || len(c.Operators) > 0 || len(c.Groups) > 0 || c.Mail != (channelmail.Config{}) || c.Reasons || c.ReviewNames || c.Quiet != (Quiet{}) || len(c.Tickets)+len(c.Channels)+len(c.Facts) > 0 {
			issues.Add("notices_pages", at+".pages", "without the URL of Ramp's pages nothing is sent")
		}
		return issues
	}
	if u, err := url.Parse(c.Pages); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		issues.Add("notices_pages", at+".pages", "the URL of Ramp's pages is needed, such as https://ramp.example.com")
	}
	issues = append(issues, c.Mail.Validate(at+".mail")...)
	if len(c.Alarms) == 0 {
		issues.Add("notices_alarms", at+".alarms", "an address is needed that always hears of break glass, and of what goes wrong")
	}
	addresses := func(list []string, field string) {
		for i, a := range list {
			if _, is := c.Channels[a]; !is && !access.IsAddress(a) {
				issues.Add("notices_address", field+"."+strconv.Itoa(i), "%q is no address like security@example.com, and no name among worker.notices.channels", access.Clip(a, 60))
			}
		}
	}
	addresses(c.Alarms, at+".alarms")
	addresses(c.Operators, at+".operators")
	for group, list := range c.Groups {
		addresses(list, at+".groups."+group)
	}
	issues = append(issues, facts.ValidateCommenters(at+".tickets", c.Tickets)...)
	issues = append(issues, service.Validate(at+".channels", c.Channels)...)
	issues = append(issues, facts.Validate(at+".facts", c.Facts)...)
	for name := range c.Facts {
		issues.Require(name == access.OnCallSource, "facts_unused", at+".facts."+name, "notices ask the source %s alone", access.OnCallSource)
	}
	if _, err := c.Quiet.until(time.Time{}); err != nil {
		issues.Add("notices_quiet", at+".quiet", "%s", err)
	}
	return issues
}

// until returns when the quiet hours end that hold at a time; the time itself when
// none do.
func (q Quiet) until(now time.Time) (time.Time, error) {
	if q == (Quiet{}) {
		return now, nil
	}
	zone, err := time.LoadLocation(q.Zone)
	if err != nil {
		return now, access.Errorf(access.CodeInvalid, "zone: %w", err)
	}
	from, err := clock(q.From)
	if err != nil {
		return now, err
	}
	to, err := clock(q.To)
	if err != nil {
		return now, err
	}
	here := now.In(zone)
	at := func(day int, of [2]int) time.Time {
		return time.Date(here.Year(), here.Month(), here.Day()+day, of[0], of[1], 0, 0, zone)
	}
	// The night that began yesterday, and the one that begins today.
	for _, day := range []int{-1, 0} {
		begins, ends := at(day, from), at(day, to)
		if !ends.After(begins) {
			ends = at(day+1, to)
		}
		if !here.Before(begins) && here.Before(ends) {
			return ends.UTC(), nil
		}
	}
	return now, nil
}

// clock reads "22:00".
func clock(text string) (out [2]int, err error) {
	at, err := time.Parse("15:04", text)
	if err != nil || len(text) != 5 {
		return out, access.Errorf(access.CodeInvalid, "%q is no time of day like '22:00'", access.Clip(text, 20))
	}
	return [2]int{at.Hour(), at.Minute()}, nil
}

// link returns the address of a request's page.
func (c Config) link(request string) string {
	return strings.TrimSuffix(c.Pages, "/") + "/requests/" + url.PathEscape(request)
}
