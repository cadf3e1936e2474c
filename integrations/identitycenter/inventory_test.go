package identitycenter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
	"ramp.dev/ramp/integrations/pacing"
)

// organization is a transport to an organisation of many accounts, twenty a page, as
// AWS lists them. It is asked too often once, on the third page.
type organization struct {
	accounts int
	calls    atomic.Int32
	hold     chan struct{} // the pages after the first wait for it
}

// RoundTrip implements http.RoundTripper.
func (o *organization) RoundTrip(r *http.Request) (*http.Response, error) {
	if centertest.OperationOf(r) != "ListAccounts" {
		return centertest.Refuse(400, "AccessDeniedException", "nothing else is asked for"), nil
	}
	n := o.calls.Add(1)
	if n == 3 {
		refused := centertest.Refuse(400, "TooManyRequestsException", "slowly")
		return refused, nil
	}
	if n > 1 {
		<-o.hold
	}
	var in struct{ NextToken string }
	if err := json.Unmarshal(centertest.BodyOf(r), &in); err != nil {
		return nil, err
	}
	from, _ := strconv.Atoi(in.NextToken)
	var page []map[string]any
	for i := from; i < min(from+20, o.accounts); i++ {
		one := map[string]any{"Id": fmt.Sprintf("%012d", i+1), "Name": fmt.Sprintf("account %d", i+1), "Status": "ACTIVE", "State": "ACTIVE"}
		switch i {
		case 7:
			one["Status"], one["State"] = "SUSPENDED", "SUSPENDED"
		case 8:
			one["Name"] = " two\nlines\u202e"
		}
		page = append(page, one)
	}
	out := map[string]any{"Accounts": page}
	if from+20 < o.accounts {
		out["NextToken"] = strconv.Itoa(from + 20)
	}
	return centertest.Reply(200, out), nil
}

// TestAccounts reads two thousand accounts in the background: a caller who cannot wait
// is told so, and what was read is kept.
func TestAccounts(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	config := goodConfig()
	config.Allow = []AllowConfig{{PermissionSets: []string{"Admin"}, Accounts: []string{"*"}}}
	config.Management = "000000000001"
	config.Describe = integrations.Described{"accounts": {{Value: "000000000002", Attributes: map[string]string{"team": "orders"}}, {Value: "999999999999", Label: "not there"}}}
	org := &organization{accounts: 2000, hold: make(chan struct{})}
	one, err := config.open(t.Context(), org)
	require.NoError(t, err)
	one.accounts.pace = pacing.New(pacing.Rate{PerSecond: 2000, Burst: 2000})
	guarded := integrations.Guard(one)

	soon, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = guarded.Choices(soon, listAccounts)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
	require.ErrorContains(t, err, "are being read")
	close(org.hold)
	all, err := guarded.Choices(t.Context(), listAccounts)
	require.NoError(t, err)
	require.Len(t, all, 1998, "but the management account, which no wildcard has, and the one that is suspended")
	require.Equal(t, access.Choice{Value: "000000000002", Label: "account 2", Attributes: map[string]string{"team": "orders"}}, all[0])
	require.Equal(t, "000000000009", all[6].Value)
	require.Equal(t, "two?lines?", all[6].Label, "one bad name does not take the list away")
	require.Equal(t, int32(101), org.calls.Load(), "a hundred pages, and the one that was refused")
	_, err = guarded.Choices(t.Context(), listAccounts)
	require.NoError(t, err)
	require.Equal(t, int32(101), org.calls.Load(), "it is kept")

	sets, err := guarded.Choices(t.Context(), listPermissionSets)
	require.NoError(t, err)
	require.Equal(t, []access.Choice{{Value: "Admin"}}, sets)
}

func TestPing(t *testing.T) {
	c := start(t)
	ctx := t.Context()
	require.ErrorContains(t, c.open(t, nil).Ping(ctx), "is attached to nothing")
	roots, err := c.org.ListRoots(ctx, &organizations.ListRootsInput{})
	require.NoError(t, err)
	_, err = c.org.AttachPolicy(ctx, &organizations.AttachPolicyInput{PolicyId: &c.config.DenyPolicy, TargetId: roots.Roots[0].Id})
	require.NoError(t, err)
	require.NoError(t, c.open(t, nil).Ping(ctx))

	good := c.config
	set := good.PermissionSets["Admin"]
	for what, change := range map[string]func(*Config){
		"the credentials are of account": func(c *Config) { c.Account = "999999999999" },
		"is not there":                   func(c *Config) { c.DenyPolicy = "p-00000000" },
		"has no permission set": func(c *Config) {
			c.PermissionSets = map[string]string{"ReadOnly": set[:len(set)-4] + "0000", "Admin": set}
		},
	} {
		c.config = good
		change(&c.config)
		require.ErrorContains(t, c.open(t, nil).Ping(ctx), what)
	}
	c.config = good
	long := c.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if centertest.OperationOf(r) == "DescribePermissionSet" {
			return centertest.Reply(200, map[string]any{"PermissionSet": map[string]string{"Name": "Admin", "SessionDuration": "PT8H30M", "PermissionSetArn": aws.ToString(&set)}}), nil
		}
		return c.cloud.RoundTrip(r)
	}))
	require.ErrorContains(t, long.Ping(ctx), "last 8h30m0s, longer than the 1h")
}
