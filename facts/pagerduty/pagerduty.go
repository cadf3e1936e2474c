// Package pagerduty asks PagerDuty who is on call, and about incidents. Paths and shapes
// are those of "List all of the on-calls", "Get an incident" and "Get a schedule" in its
// REST API reference: https://developer.pagerduty.com/api-reference/.
package pagerduty

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

const address = "https://api.pagerduty.com"

// Fields are those of its configuration.
func Fields() source.Fields {
	return source.Fields{Address: address, Takes: []string{"severities", "schedules"}}
}

// PagerDuty is a source of schedules, and of incidents as tickets.
type PagerDuty struct {
	*source.Client
	config source.Config
}

// Open returns the source, and calls nothing.
func Open(c source.Config) (*PagerDuty, error) {
	client, err := c.Open(source.Dialect{Name: "PagerDuty", Address: address, ErrorFields: []string{"error"},
		Header:        http.Header{"Accept": {"application/vnd.pagerduty+json;version=2"}},
		Authorization: func(token string) string { return "Token token=" + token }})
	return &PagerDuty{client, c}, err
}

// idForm is that of PagerDuty's ids.
var idForm = regexp.MustCompile(`^[A-Z0-9]{5,30}$`)

// Ask implements source.Source.
func (p *PagerDuty) Ask(ctx context.Context, kind access.FactKind, key string) (reply source.Reply, err error) {
	reply.AsOf = time.Now()
	switch id := p.config.Schedules[key]; {
	case kind == access.FactOnCall && id != "":
		reply.OnCall, err = p.onCall(ctx, id)
	case kind == access.FactTicket && idForm.MatchString(key):
		reply.Ticket, err = p.incident(ctx, key)
		reply.Absent = reply.Ticket == nil
	case kind == access.FactTicket || kind == access.FactOnCall:
		reply.Absent = true
	default:
		err = source.WrongKind("PagerDuty", kind)
	}
	if err != nil {
		return source.Reply{}, err
	}
	return reply, nil
}

type user struct {
	ID    string `json:"id"`
	Email string `json:"email"` // with include[]=users
}

// most is how many entries PagerDuty returns at once.
const most = 100

// onCall returns who is on call now for a schedule. It is in the list once for each
// escalation policy that has it.
func (p *PagerDuty) onCall(ctx context.Context, schedule string) (*access.OnCall, error) {
	var reply struct {
		OnCalls *[]struct {
			User     *user `json:"user"`
			Schedule *struct {
				ID string `json:"id"`
			} `json:"schedule"`
			End *time.Time `json:"end"`
		} `json:"oncalls"`
		More bool `json:"more"`
	}
	query := url.Values{"schedule_ids[]": {schedule}, "include[]": {"users"}, "limit": {"100"}}
	found, err := p.Get(ctx, "/oncalls?"+query.Encode(), &reply)
	switch {
	case err != nil:
		return nil, err
	case !found || reply.OnCalls == nil:
		return nil, p.Unexpected("oncalls")
	case reply.More:
		return nil, access.Errorf(access.CodeUnavailable, "PagerDuty has more than %d entries for one schedule", most)
	}
	out := &access.OnCall{People: []string{}}
	for _, entry := range *reply.OnCalls {
		// A filter that PagerDuty did not understand would return everybody on call.
		if entry.Schedule == nil || entry.Schedule.ID != schedule || entry.User == nil {
			return nil, p.Unexpected("the schedule of each entry that was asked for")
		}
		if who := p.config.Person(entry.User.ID, entry.User.Email); who != "" {
			out.People = append(out.People, who)
		}
		if entry.End != nil && (out.Until == nil || entry.End.Before(*out.Until)) {
			out.Until = new(entry.End.UTC())
		}
	}
	slices.Sort(out.People)
	out.People = slices.Compact(out.People)
	return out, nil
}

// incident returns an incident as a ticket; nil if there is none. Its project and
// its service are the service that it is about.
func (p *PagerDuty) incident(ctx context.Context, id string) (*access.Ticket, error) {
	var reply struct {
		Incident *struct {
			ID      string `json:"id"`
			Status  string `json:"status"` // triggered, acknowledged or resolved
			Service struct {
				Summary string `json:"summary"`
			} `json:"service"`
			Priority *struct {
				Summary string `json:"summary"`
			} `json:"priority"`
			Assignments []struct {
				Assignee user `json:"assignee"`
			} `json:"assignments"`
		} `json:"incident"`
	}
	found, err := p.Get(ctx, "/incidents/"+id+"?include[]=assignees", &reply)
	if err != nil || !found {
		return nil, err
	}
	in := reply.Incident
	if in == nil || in.ID != id {
		return nil, p.Unexpected("the incident that was asked for")
	}
	t := &access.Ticket{Type: "incident", Project: in.Service.Summary, Service: in.Service.Summary}
	switch in.Status {
	case "triggered", "acknowledged":
		t.Open = true
	case "resolved":
	default:
		return nil, p.Unexpected("a status that is triggered, acknowledged or resolved")
	}
	if in.Priority != nil {
		t.Severity = p.config.Severity(in.Priority.Summary, map[string]int{"P1": 1, "P2": 2, "P3": 3, "P4": 4, "P5": 5})
	}
	if len(in.Assignments) == 1 { // of several, none is the one
		t.Assignee = p.config.Person(in.Assignments[0].Assignee.ID, in.Assignments[0].Assignee.Email)
	}
	return t, nil
}

// Ping implements source.Service. A source without schedules is one of incidents.
func (p *PagerDuty) Ping(ctx context.Context) error {
	if len(p.config.Schedules) == 0 {
		found, err := p.Has(ctx, "/incidents?limit=1", "incidents")
		if err == nil && !found {
			err = access.Errorf(access.CodeForbidden, "PagerDuty does not show incidents to Ramp's token")
		}
		return err
	}
	_, err := p.Has(ctx, "/schedules?limit=1", "schedules")
	for name, id := range p.config.Schedules {
		if err != nil {
			break
		}
		var found bool
		if found, err = p.Has(ctx, "/schedules/"+url.PathEscape(id), "schedule"); err == nil && !found {
			err = access.Errorf(access.CodeNotFound, "PagerDuty has no schedule %s, which contracts call %s", id, name)
		}
	}
	return err
}
