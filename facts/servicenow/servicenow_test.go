package servicenow

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/facts/source/sourcetest"
)

func uri(number string) string {
	return "/api/now/table/task?" + url.Values{"sysparm_fields": {recordFields}, "sysparm_limit": {"2"}, "sysparm_display_value": {"false"}, "sysparm_query": {"number=" + number}}.Encode()
}

const row = `{"number":%q,"active":"true","sys_class_name":"incident","priority":"2","assignment_group.name":"Database","business_service.name":"Orders",
	"assigned_to":{"link":"https://acme.service-now.com/api/now/table/sys_user/5137153cc611227c000bbd1bd8cd2007","value":"5137153cc611227c000bbd1bd8cd2007"},
	"assigned_to.email":"alice@example.com","assigned_to.active":"true"}`

func start(t *testing.T) (*sourcetest.Server, source.Config) {
	s := sourcetest.Start(t, "Basic "+base64.StdEncoding.EncodeToString([]byte("ramp:"+sourcetest.Token)), `{"error":{"message":"No Record found","detail":"Record doesn't exist or ACL restricts the record retrieval"},"status":"failure"}`)
	c := s.Config(t)
	c.User, c.Emails = "ramp", true
	s.Has("/api/now/table/task?sysparm_display_value=false&sysparm_fields=number%2Cactive&sysparm_limit=1", `{"result":[{"number":"INC1","active":"true"}]}`)
	s.Has("/api/now/table/sys_user?sysparm_limit=1&sysparm_fields=email&sysparm_query=emailISNOTEMPTY", `{"result":[{"email":"x@example.com"}]}`)
	return s, c
}

func TestTickets(t *testing.T) {
	s, c := start(t)
	sn, err := Open(c)
	require.NoError(t, err)
	require.NoError(t, sn.Ping(t.Context()))
	s.Has(uri("INC0010001"), `{"result":[`+fmt.Sprintf(row, "INC0010001")+`]}`)
	r, err := sn.Ask(t.Context(), access.FactTicket, "INC0010001")
	require.NoError(t, err)
	require.Equal(t, &access.Ticket{Open: true, Project: "Database", Service: "Orders", Type: "incident", Severity: 2, Assignee: "alice@example.com"}, r.Ticket)

	s.Has(uri("INC0010002"), `{"result":[]}`)
	for _, number := range []string{"INC0010002", "INC0010003"} {
		r, err = sn.Ask(t.Context(), access.FactTicket, number)
		require.NoError(t, err)
		require.True(t, r.Absent)
	}
	s.Has(uri("INC0010004"), `{"result":[{"number":"INC0010004","active":"false","assigned_to":"","sys_class_name":"incident","priority":"9"}]}`)
	r, err = sn.Ask(t.Context(), access.FactTicket, "INC0010004")
	require.NoError(t, err)
	require.Equal(t, &access.Ticket{Type: "incident"}, r.Ticket)
}

// TestCase92QueryOfAnother: a text that would ask for more than one number is not asked,
// and a record with another number than asked for, or with a field that Ramp may not read,
// is not believed.
func TestCase92QueryOfAnother(t *testing.T) {
	s, c := start(t)
	sn, err := Open(c)
	require.NoError(t, err)
	for _, key := range []string{"INC1^ORactive=true", "INC0010001^NQnumber=INC0010002", "INC0010001&sysparm_limit=1", "inc0010001", "javascript:gs.getUserID()"} {
		before := len(s.Asked())
		r, err := sn.Ask(t.Context(), access.FactTicket, key)
		require.NoError(t, err)
		require.True(t, r.Absent)
		require.Len(t, s.Asked(), before)
	}
	for body, want := range map[string]string{
		`{"result":[` + fmt.Sprintf(row, "INC0099999") + `]}`:                                        "without the record's number",
		`{"result":[{"number":"INC0010001","sys_class_name":"incident"}]}`:                           "without active",
		`{"result":[` + fmt.Sprintf(row, "INC0010001") + `,` + fmt.Sprintf(row, "INC0010001") + `]}`: "several records",
	} {
		s.Has(uri("INC0010001"), body)
		_, err := sn.Ask(t.Context(), access.FactTicket, "INC0010001")
		require.ErrorContains(t, err, want)
	}
}

func TestFaults(t *testing.T) {
	s, c := start(t)
	sn, err := Open(c)
	require.NoError(t, err)
	s.Has(uri("INC0010001"), `{"result":[`+fmt.Sprintf(row, "INC0010001")+`]}`)
	sourcetest.Faults(t, s, sn, access.FactTicket, "INC0010001")
	s.Has("/api/now/table/sys_user?sysparm_limit=1&sysparm_fields=email&sysparm_query=emailISNOTEMPTY", `{"result":[]}`)
	require.ErrorContains(t, sn.Ping(t.Context()), "no e-mail addresses of sys_user")
	s.Has("/api/now/table/task?sysparm_display_value=false&sysparm_fields=number%2Cactive&sysparm_limit=1", `{"result":[]}`)
	require.ErrorContains(t, sn.Ping(t.Context()), "no record of the table task")
	c.Table = "task?x"
	_, err = Open(c)
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
}
