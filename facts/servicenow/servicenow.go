// Package servicenow asks ServiceNow about records of its table task, in which incidents,
// changes, requested items and problems are. Paths and shapes are those of "Table API" in
// the REST API reference at https://www.servicenow.com/docs/r/api-reference/.
package servicenow

import (
	"cmp"
	"context"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
)

// Fields are those of its configuration.
func Fields() source.Fields {
	return source.Fields{Needs: []string{"address"}, Takes: []string{"user", "severities", "table"}}
}

// ServiceNow is a source of tickets.
type ServiceNow struct {
	*source.Client
	config source.Config
	table  string
}

var idForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

var tableForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,79}$`)

// Open returns the source, and calls nothing.
func Open(c source.Config) (*ServiceNow, error) {
	table := cmp.Or(c.Table, "task")
	if !tableForm.MatchString(table) {
		return nil, access.InvalidField("table_malformed", "table", "a table of ServiceNow is needed, such as task or incident")
	}
	client, err := c.Open(source.Dialect{Name: "ServiceNow", ErrorFields: []string{"error"}})
	return &ServiceNow{client, c, table}, err
}

// numberForm is that of ServiceNow's numbers. What separates the conditions of a query has
// no place in it.
var numberForm = regexp.MustCompile(`^[A-Z]{2,12}[0-9]{3,20}$`)

// record is a row with its stored values (sysparm_display_value=false), all texts.
type record struct {
	ID       string `json:"sys_id"`
	Number   string `json:"number"`
	Active   string `json:"active"`         // true or false
	Class    string `json:"sys_class_name"` // incident, change_request, sc_req_item
	Priority string `json:"priority"`       // 1 is critical, 5 planning
	Group    string `json:"assignment_group.name"`
	Service  string `json:"business_service.name"`
	Email    string `json:"assigned_to.email"`
	Enabled  string `json:"assigned_to.active"`
	Assignee any    `json:"assigned_to"` // {"link", "value"}; "" for nobody
}

const recordFields = "number,active,sys_class_name,priority,assignment_group.name,business_service.name,assigned_to,assigned_to.email,assigned_to.active"

// Ask implements source.Source.
func (s *ServiceNow) Ask(ctx context.Context, kind access.FactKind, key string) (source.Reply, error) {
	if kind != access.FactTicket {
		return source.Reply{}, source.WrongKind("ServiceNow", kind)
	}
	reply := source.Reply{AsOf: time.Now()}
	if !numberForm.MatchString(key) {
		reply.Absent = true
		return reply, nil
	}
	records, err := s.records(ctx, s.table, "number="+key, recordFields, 2)
	if err != nil {
		return source.Reply{}, err
	}
	switch len(records) {
	case 0:
		reply.Absent = true
	case 1:
		if reply.Ticket, err = s.ticket(records[0], key); err != nil {
			return source.Reply{}, err
		}
	default:
		return source.Reply{}, access.Errorf(access.CodeUnavailable, "ServiceNow has several records with the number %s", key)
	}
	return reply, nil
}

func (s *ServiceNow) records(ctx context.Context, table, query, fields string, limit int) ([]record, error) {
	params := url.Values{"sysparm_fields": {fields}, "sysparm_limit": {strconv.Itoa(limit)}, "sysparm_display_value": {"false"}}
	if query != "" {
		params.Set("sysparm_query", query)
	}
	var reply struct {
		Result *[]record `json:"result"`
	}
	found, err := s.Get(ctx, "/api/now/table/"+table+"?"+params.Encode(), &reply)
	if err != nil || !found { // some versions return 404 where a query finds nothing
		return nil, err
	}
	if reply.Result == nil {
		return nil, s.Unexpected("a result")
	}
	return *reply.Result, nil
}

// ticket returns what a record says. A query of which ServiceNow does not know a field is
// one for all records, so the number is compared.
func (s *ServiceNow) ticket(r record, key string) (*access.Ticket, error) {
	if r.Number != key {
		return nil, s.Unexpected("the record's number")
	}
	if r.Active != "true" && r.Active != "false" {
		return nil, s.Unexpected("active, true or false")
	}
	t := &access.Ticket{Open: r.Active == "true", Project: r.Group, Service: r.Service, Type: r.Class,
		Severity: s.config.Severity(r.Priority, map[string]int{"1": 1, "2": 2, "3": 3, "4": 4, "5": 5})}
	if reference, ok := r.Assignee.(map[string]any); ok && r.Enabled != "false" {
		id, _ := reference["value"].(string)
		t.Assignee = s.config.Person(id, r.Email)
	}
	return t, nil
}

// Ping implements source.Service. Fields that the user may not read are left out of
// replies, or empty, without an error.
func (s *ServiceNow) Ping(ctx context.Context) error {
	records, err := s.records(ctx, s.table, "", "number,active", 1)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return access.Errorf(access.CodeForbidden, "ServiceNow shows Ramp's user no record of the table %s; it needs a role that may read it, such as itil", s.table)
	}
	if records[0].Number == "" || records[0].Active == "" {
		return s.Unexpected("number and active")
	}
	if !s.config.Emails {
		return nil
	}
	var users struct {
		Result []struct {
			Email *string `json:"email"`
		} `json:"result"`
	}
	if _, err := s.Get(ctx, "/api/now/table/sys_user?sysparm_limit=1&sysparm_fields=email&sysparm_query=emailISNOTEMPTY", &users); err != nil {
		return err
	}
	if len(users.Result) == 0 || users.Result[0].Email == nil || *users.Result[0].Email == "" {
		return access.Errorf(access.CodeForbidden, "ServiceNow shows Ramp's user no e-mail addresses of sys_user, and emails is set")
	}
	return nil
}
