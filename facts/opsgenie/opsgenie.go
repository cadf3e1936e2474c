// Package opsgenie asks Opsgenie who is on call, and about incidents. Paths and shapes are
// those of "Who is on call API", "Schedule API" and "Incident API" in its documentation:
// https://docs.opsgenie.com/docs/who-is-on-call-api, https://docs.opsgenie.com/docs/incident-api.
package opsgenie

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const address = "https://api.opsgenie.com"

// Fields are those of its configuration. Europe's address is https://api.eu.opsgenie.com.
func Fields() source.Fields {
	return source.Fields{Address: address, Takes: []string{"severities", "schedules"}}
}

// Opsgenie is a source of schedules, and of incidents as tickets.
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

// Ask implements source.Source. A ticket is an incident, by its id. Opsgenie does not say
// when a shift is over.
func (o *Opsgenie) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	reply := source.Reply{AsOf: time.Now()}
	if kind == access.FactTicket {
		t, err := o.incident(ctx, key)
		reply.Ticket, reply.Absent = t, t == nil && err == nil
		if err != nil {
			return source.Reply{}, err
		}
		return reply, nil
	}
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

var incidentForm = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// incident returns an incident as a ticket; nil if there is none. Its project is the team
// that owns it, and its service the one that it is about, both by their ids. An incident is
// assigned to nobody.
func (o *Opsgenie) incident(ctx context.Context, id string) (*access.Ticket, error) {
	if !incidentForm.MatchString(id) {
		return nil, nil
	}
	var reply struct {
		Incident *struct {
			ID       string   `json:"id"`
			Status   string   `json:"status"` // open, resolved or closed
			Priority string   `json:"priority"`
			Team     string   `json:"ownerTeam"`
			Services []string `json:"impactedServices"`
		} `json:"data"`
	}
	found, err := o.Get(ctx, "/v1/incidents/"+id+"?identifierType=id", &reply)
	if err != nil || !found {
		return nil, err
	}
	in := reply.Incident
	if in == nil || in.ID != id {
		return nil, o.Unexpected("the incident that was asked for")
	}
	t := &access.Ticket{Type: "incident", Project: in.Team, Severity: o.config.Severity(in.Priority, map[string]int{"P1": 1, "P2": 2, "P3": 3, "P4": 4, "P5": 5})}
	if len(in.Services) == 1 { // of several, none is the one
		t.Service = in.Services[0]
	}
	switch in.Status {
	case "open":
		t.Open = true
	case "resolved", "closed":
	default:
		return nil, o.Unexpected("a status that is open, resolved or closed")
	}
	return t, nil
}

// Ping implements source.Service. A source without schedules is one of incidents.
func (o *Opsgenie) Ping(ctx context.Context) error {
	if len(o.config.Schedules) == 0 {
		found, err := o.Has(ctx, "/v1/incidents?limit=1", "data")
		if err == nil && !found {
			err = access.Errorf(access.CodeForbidden, "Opsgenie does not show incidents to Ramp's key")
		}
		return err
	}
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
