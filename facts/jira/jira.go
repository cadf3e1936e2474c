// Package jira asks Jira, Cloud or Data Center, about issues. Paths and shapes are those of
// "Get issue", "Get current user" and "Get my permissions" in Atlassian's documentation of
// the REST API, version 2, which both have:
// https://developer.atlassian.com/cloud/jira/platform/rest/v2/api-group-issues/ and
// https://docs.atlassian.com/software/jira/docs/api/REST/latest/.
package jira

import (
	"cmp"
	"context"
	"regexp"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

// Fields are those of its configuration.
func Fields() source.Fields {
	return source.Fields{Needs: []string{"address"}, Takes: []string{"user", "severities"}}
}

// usual is what the priorities mean that a new Jira has.
func usual() map[string]int {
	return map[string]int{"Highest": 1, "High": 2, "Medium": 3, "Low": 4, "Lowest": 5}
}

// Jira is a source of tickets.
type Jira struct {
	*source.Client
	config source.Config
}

// Open returns the source, and calls nothing.
func Open(c source.Config) (*Jira, error) {
	client, err := c.Open(source.Dialect{Name: "Jira", ErrorFields: []string{"errorMessages", "errors"}})
	return &Jira{client, c}, err
}

// keyForm is what Jira lets administrators choose for projects' keys, and no more: a key
// becomes part of a path.
var keyForm = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,50}-[1-9][0-9]{0,14}$`)

type issue struct {
	Key    string `json:"key"`
	Fields struct {
		Status struct {
			StatusCategory struct {
				Key string `json:"key"` // new, indeterminate, done or undefined
			} `json:"statusCategory"`
		} `json:"status"`
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
		IssueType struct {
			Name string `json:"name"`
		} `json:"issuetype"`
		Priority *struct {
			Name string `json:"name"`
		} `json:"priority"`
		Components []struct {
			Name string `json:"name"`
		} `json:"components"`
		Assignee *user `json:"assignee"`
	} `json:"fields"`
}

// user is one of Cloud, with an accountId, or of Data Center, with a key. Nobody chooses
// either; a name may be given to somebody else later.
type user struct {
	AccountID string `json:"accountId"`
	Key       string `json:"key"`
	Email     string `json:"emailAddress"` // only if Ramp's user may see it
	Active    *bool  `json:"active"`
}

// Ask implements source.Source.
func (j *Jira) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactTicket {
		return source.Reply{}, source.WrongKind("Jira", kind)
	}
	reply := source.Reply{AsOf: time.Now()}
	if !keyForm.MatchString(key) {
		reply.Absent = true
		return reply, nil
	}
	var is issue
	found, err := j.Get(ctx, "/rest/api/2/issue/"+key+"?fields=status,project,issuetype,priority,components,assignee", &is)
	if err != nil {
		return source.Reply{}, err
	}
	if !found {
		// To a token that has ended, Jira says the same of every issue, and an
		// issue that is not there refuses what break glass opens where nothing is known.
		reply.Absent = true
		return reply, j.myself(ctx)
	}
	if reply.Ticket, err = j.ticket(is, key); err != nil {
		return source.Reply{}, err
	}
	return reply, nil
}

// ticket returns what an issue says. One that was moved has another key, and its project is
// not the one that the requester named.
func (j *Jira) ticket(is issue, key string) (*access.Ticket, error) {
	if is.Key == "" {
		return nil, j.Unexpected("the issue's key")
	}
	if is.Key != key {
		return nil, access.Errorf(access.CodeUnavailable, "Jira has moved %s to %s; name that", key, access.Clip(is.Key, 60))
	}
	category := is.Fields.Status.StatusCategory.Key
	t := &access.Ticket{Project: is.Fields.Project.Key, Type: is.Fields.IssueType.Name}
	switch category {
	case "new", "indeterminate":
		t.Open = true
	case "done":
	default:
		return nil, j.Unexpected("a category of the issue's status that is new, indeterminate or done")
	}
	if c := is.Fields.Components; len(c) == 1 { // of several, none is the one
		t.Service = c[0].Name
	}
	if p := is.Fields.Priority; p != nil {
		t.Severity = j.config.Severity(p.Name, usual())
	}
	if a := is.Fields.Assignee; a != nil && (a.Active == nil || *a.Active) {
		t.Assignee = j.config.Person(cmp.Or(a.AccountID, a.Key), a.Email)
	}
	return t, nil
}

// myself returns an error if Ramp's token is not good.
func (j *Jira) myself(ctx context.Context) error {
	var me user
	found, err := j.Get(ctx, "/rest/api/2/myself", &me)
	if err == nil && (!found || cmp.Or(me.AccountID, me.Key) == "") {
		err = j.Unexpected("Ramp's own user")
	}
	return err
}

// Ping implements source.Service.
func (j *Jira) Ping(ctx context.Context) error {
	if err := j.myself(ctx); err != nil {
		return err
	}
	return j.may(ctx, "BROWSE_PROJECTS")
}

// may returns an error if Ramp's user has a permission in no project.
func (j *Jira) may(ctx context.Context, permission string) error {
	var mine struct {
		Permissions map[string]struct {
			Have bool `json:"havePermission"`
		} `json:"permissions"`
	}
	if _, err := j.Get(ctx, "/rest/api/2/mypermissions?permissions="+permission, &mine); err != nil {
		return err
	}
	if !mine.Permissions[permission].Have {
		return access.Errorf(access.CodeForbidden, "Ramp's user in Jira lacks %s in every project", permission)
	}
	return nil
}
