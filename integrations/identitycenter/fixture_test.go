package identitycenter

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
	"ramp.dev/ramp/integrations/targettest"
	"ramp.dev/ramp/ledger"
)

// center is an instance of Identity Center, the ledger, a simulator of policies, and a
// target's configuration.
type center struct {
	cloud  *centertest.Cloud
	led    *ledger.Ledger
	sim    *awstest.Simulator
	config Config

	sso   *ssoadmin.Client // an administrator's clients
	store *identitystore.Client
	org   *organizations.Client

	mu     sync.Mutex
	people int
	issued map[string]time.Time // when a grant's session was issued, by its name
}

const (
	targetName = "identitycenter/test"
	workload   = "111122223333" // an account of the organisation
)

var (
	readOnly = access.Entitlement{"account": workload, "permissionSet": "ReadOnly"}
	admin    = access.Entitlement{"account": workload, "permissionSet": "Admin"}
)

func start(t *testing.T) *center {
	t.Helper()
	s := awstest.Start(t)
	s.Setenv(t)
	ctx := t.Context()
	c := &center{cloud: centertest.NewCloud(), sim: awstest.Simulate(t), issued: map[string]time.Time{}}
	var err error
	c.led, err = ledger.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"))
	require.NoError(t, err)
	t.Cleanup(func() { c.led.Close() })
	sdk := aws.Config{Region: awstest.Region, BaseEndpoint: &s.Endpoint, HTTPClient: &http.Client{Transport: c.cloud},
		Credentials: credentials.NewStaticCredentialsProvider("admin", "admin", "")}
	c.sso, c.store, c.org = ssoadmin.NewFromConfig(sdk), identitystore.NewFromConfig(sdk), organizations.NewFromConfig(sdk)

	of := centertest.Fill(t, sdk)
	c.config = Config{
		Config:        awsapi.Config{Region: awstest.Region, Account: awstest.Account, Endpoint: s.Endpoint},
		IdentityStore: of.IdentityStore, PermissionSets: of.PermissionSets, DenyPolicy: of.DenyPolicy, Session: access.Duration(time.Hour),
		Allow:       []AllowConfig{{PermissionSets: []string{"ReadOnly", "Admin"}, Accounts: []string{workload}}},
		Consistency: access.Duration(300 * time.Millisecond),
	}
	return c
}

// open opens a target by a transport; nil is the cloud itself.
func (c *center) open(t *testing.T, wire http.RoundTripper) *target {
	t.Helper()
	if wire == nil {
		wire = c.cloud
	}
	one, err := c.config.open(context.Background(), wire)
	require.NoError(t, err)
	one.Step = 5 * time.Millisecond
	one.UseHolders(c.holders())
	return one
}

func (c *center) holders() ledger.Holders { return c.led.Holders(targetName) }

// person makes somebody who has no access yet.
func (c *center) person(t *testing.T) string {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people++
	name := fmt.Sprintf("person%d@example.com", c.people)
	centertest.AddUser(t, c.store, c.config.IdentityStore, name)
	return name
}

func grantFor(who string, e access.Entitlement) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: targetName, Principal: who, Entitlement: e,
		ExpiresAt: time.Now().UTC().Add(time.Hour).Truncate(time.Second)}
}

// granted opens a grant, and revokes it after the test.
func (c *center) granted(t *testing.T, one *target, g access.Grant) access.Grant {
	t.Helper()
	require.NoError(t, one.Grant(context.Background(), g))
	t.Cleanup(func() { require.NoError(t, c.open(t, nil).Revoke(context.Background(), g)) })
	return g
}

// of returns the assignment that a grant is of.
func (c *center) of(ctx context.Context, t testing.TB, g access.Grant) assignment {
	one, err := c.config.open(ctx, c.cloud)
	require.NoError(t, err)
	a, err := one.assignment(ctx, g)
	require.NoError(t, err)
	return a
}

// has reports whether AWS has an assignment, by the administrator's own client.
func (c *center) has(ctx context.Context, a assignment) (bool, error) {
	out, err := c.sso.ListAccountAssignments(ctx, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: aws.String(instance(a.set)), AccountId: &a.account, PermissionSetArn: &a.set})
	if err != nil {
		return false, err
	}
	for _, one := range out.AccountAssignments {
		if isPrincipal(a.user)(one) {
			return true, nil
		}
	}
	return false, nil
}

// byHand makes or removes an assignment as an administrator.
func (c *center) byHand(ctx context.Context, a assignment, there bool) error {
	of := instance(a.set)
	var err error
	if there {
		_, err = c.sso.CreateAccountAssignment(ctx, &ssoadmin.CreateAccountAssignmentInput{InstanceArn: &of, PermissionSetArn: &a.set,
			PrincipalId: &a.user, PrincipalType: types.PrincipalTypeUser, TargetId: &a.account, TargetType: types.TargetTypeAwsAccount})
	} else {
		_, err = c.sso.DeleteAccountAssignment(ctx, &ssoadmin.DeleteAccountAssignmentInput{InstanceArn: &of, PermissionSetArn: &a.set,
			PrincipalId: &a.user, PrincipalType: types.PrincipalTypeUser, TargetId: &a.account, TargetType: types.TargetTypeAwsAccount})
	}
	return err
}

// names returns the grants whose assignments AWS has.
func (c *center) names(ctx context.Context) (out []string, err error) {
	held, err := c.holders().Held(ctx, assigned)
	if err != nil {
		return nil, err
	}
	for object, grants := range held {
		a, err := parse(object)
		if err != nil {
			return nil, err
		}
		there, err := c.has(ctx, a)
		if err != nil {
			return nil, err
		}
		if there {
			out = append(out, grants...)
		}
	}
	return out, nil
}

// policy returns the deny policy as it is.
func (c *center) policy(ctx context.Context) (json.RawMessage, error) {
	out, err := c.org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &c.config.DenyPolicy})
	if err != nil {
		return nil, err
	}
	return json.RawMessage(aws.ToString(out.Policy.Content)), nil
}

// acts reports whether a session of an assignment, issued at a time, may act.
func (c *center) acts(ctx context.Context, a assignment, issued time.Time) (bool, error) {
	policy, err := c.policy(ctx)
	if err != nil {
		return false, err
	}
	name := ""
	for n, arn := range c.config.PermissionSets {
		if arn == a.set {
			name = n
		}
	}
	role := "AWSReservedSSO_" + name + "_0123456789abcdef"
	return c.sim.Allows(ctx, awstest.Question{At: time.Now(), Principal: "arn:aws:sts::" + a.account + ":assumed-role/" + role + "/person",
		Action: "s3:GetObject", Resource: "arn:aws:s3:::orders/1", Account: a.account,
		Context: map[string]string{"identitystore:UserId": a.user, "aws:TokenIssueTime": issued.UTC().Format(awsapi.Stamp),
			"aws:PrincipalArn": "arn:aws:iam::" + a.account + ":role/aws-reserved/sso.amazonaws.com/eu-central-1/" + role},
		Identity:     []json.RawMessage{json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)},
		Organization: []json.RawMessage{policy}})
}

// use signs in where the person has an assignment, and goes on with the session that
// they had. Both must be refused once access has ended.
func (c *center) use(t *testing.T) func(context.Context, access.Grant, access.Credential) error {
	return func(ctx context.Context, g access.Grant, _ access.Credential) error {
		a := c.of(ctx, t, g)
		there, err := c.has(ctx, a)
		if err != nil {
			return err
		}
		c.mu.Lock()
		issued, session := c.issued[g.Name]
		if there && !session {
			issued, session = time.Now(), true
			c.issued[g.Name] = issued
		}
		c.mu.Unlock()
		if !session {
			return fmt.Errorf("nobody can sign in: %w", targettest.ErrRefused)
		}
		acts, err := c.acts(ctx, a, issued)
		if err != nil || acts {
			return err
		}
		return fmt.Errorf("the session of %s: %w", issued, targettest.ErrRefused)
	}
}
