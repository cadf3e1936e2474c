// Package calendar asks iCalendar files (RFC 5545) at addresses who is on call, as every
// rota and calendar can give one out: whoever attends an event is on call while it lasts.
package calendar

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/integrations/jsonhttp"
)

// Fields are those of its configuration.
func Fields() source.Fields { return source.Fields{Needs: []string{"calendars"}, NoService: true} }

// Calendar is a source of schedules.
type Calendar struct {
	config source.Config
	files  map[string]*jsonhttp.File
	now    func() time.Time
}

// Open returns the source, and calls nothing.
func Open(c source.Config) (*Calendar, error) {
	out := &Calendar{config: c, files: map[string]*jsonhttp.File{}, now: time.Now}
	for name, address := range c.Calendars {
		f, err := c.OpenFile(address)
		if err != nil {
			return nil, err
		}
		out.files[name] = f
	}
	return out, nil
}

// Ask implements source.Source.
func (c *Calendar) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactOnCall {
		return source.Reply{}, source.WrongKind("a calendar", kind)
	}
	reply := source.Reply{AsOf: c.now()}
	file := c.files[key]
	if file == nil {
		reply.Absent = true
		return reply, nil
	}
	shifts, err := c.shifts(ctx, file)
	if err != nil {
		return source.Reply{}, err
	}
	on := shifts.at(reply.AsOf)
	reply.OnCall = &access.OnCall{People: []string{}, Until: on.until}
	for _, name := range on.names {
		if who := c.config.Person(name, name); who != "" {
			reply.OnCall.People = append(reply.OnCall.People, who)
		}
	}
	slices.Sort(reply.OnCall.People)
	reply.OnCall.People = slices.Compact(reply.OnCall.People)
	return reply, nil
}

func (c *Calendar) shifts(ctx context.Context, file *jsonhttp.File) (shifts, error) {
	b, err := file.Read(ctx)
	if err != nil {
		return nil, err
	}
	return parse(b)
}

// Ping implements source.Service.
func (c *Calendar) Ping(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if _, err := c.shifts(ctx, c.files[name]); err != nil {
			return fmt.Errorf("the calendar of %s: %w", name, err)
		}
	}
	return nil
}

// ClocksApart implements source.Service.
func (c *Calendar) ClocksApart() (most time.Duration) {
	for _, f := range c.files {
		most = max(most, f.ClocksApart())
	}
	return most
}
