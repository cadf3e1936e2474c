// Package opsgenie asks Opsgenie who is on call. Paths and shapes are those of "Who is on
// call API" and "Schedule API" in its documentation: https://docs.opsgenie.com/docs/who-is-on-call-api.
package opsgenie

import (
	"context"
	"net/url"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const address = "https://api.opsgenie.com"

// Fields are those of its configuration. Europe's address is https://api.eu.opsgenie.com.
func Fields() source.Fields {
	return source.Fields{Address: address, Needs: []string{"schedules"}}
}

// Opsgenie is a source of schedules.
type Opsgenie struct {
	*source.Client
	config source.Config
}

// Open returns the source, and calls nothing.
func Open(c source.Config) (*Opsgenie, error) {
	client, err := c.Open(source.Dialect{Name: "Opsgenie", Address: address, ErrorFields: []string{"message"},
		Authorization: func(token string) string { return "GenieKey " + token }})
	return &Opsgenie{client, c}, err
}

// Ask implements source.Source. Opsgenie does not say when the shift is over.
func (o *Opsgenie) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactOnCall {
		return source.Reply{}, source.WrongKind("Opsgenie", kind)
	}
	reply := source.Reply{AsOf: time.Now()}
	id := o.config.Schedules[key]
	if id == "" {
		reply.Absent = true
		return reply, nil
	}
	var said struct {
		Data *struct {
			Parent struct {
				ID      string `json:"id"`
				Enabled *bool  `json:"enabled"`
			} `json:"_parent"`
			Participants *[]participant `json:"onCallParticipants"`
		} `json:"data"`
	}
	found, err := o.Get(ctx, "/v2/schedules/"+url.PathEscape(id)+"/on-calls?scheduleIdentifierType=id&flat=false", &said)
	switch {
	case err != nil:
		return source.Reply{}, err
	case !found:
		reply.Absent = true
		return reply, nil
	case said.Data == nil || said.Data.Participants == nil || said.Data.Parent.ID != id:
		return source.Reply{}, o.Unexpected("who is on call for the schedule that was asked for")
	}
	reply.OnCall = &access.OnCall{People: []string{}}
	if on := said.Data.Parent.Enabled; on == nil || *on {
		reply.OnCall.People = o.people(reply.OnCall.People, *said.Data.Participants, 0)
	}
	slices.Sort(reply.OnCall.People)
	reply.OnCall.People = slices.Compact(reply.OnCall.People)
	return reply, nil
}

// participant is a user, whose name in Opsgenie is an e-mail address; or a team or an
// escalation, with those who are on call in it.
type participant struct {
	ID           string        `json:"id"`
	Name         string        `json:"name"`
	Type         string        `json:"type"`
	Participants []participant `json:"onCallParticipants"`
}

// deepest is how far schedules, escalations and teams may be within each other.
const deepest = 6

func (o *Opsgenie) people(out []string, of []participant, depth int) []string {
	for _, p := range of {
		if p.Type == "user" {
			if who := o.config.Person(p.ID, p.Name); who != "" {
				out = append(out, who)
			}
		} else if depth < deepest {
			out = o.people(out, p.Participants, depth+1)
		}
	}
	return out
}

// Ping implements source.Service.
func (o *Opsgenie) Ping(ctx context.Context) error {
	for name, id := range o.config.Schedules {
		found, err := o.Has(ctx, "/v2/schedules/"+url.PathEscape(id)+"?identifierType=id", "data")
		if err != nil {
			return err
		}
		if !found {
			return access.Errorf(access.CodeNotFound, "Opsgenie has no schedule with the id %s, which contracts call %s", id, name)
		}
	}
	return nil
}
