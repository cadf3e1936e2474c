package awsiam

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/targettest"
)

// account is an AWS account, a simulator of its policies, and a target's
// configuration.
type account struct {
	*awstest.Server
	sim    *awstest.Simulator
	config Config
}

func start(t *testing.T) account {
	s := awstest.Start(t)
	s.Setenv(t)
	return account{s, awstest.Simulate(t), Config{
		Config: awsapi.Config{Region: awstest.Region, Account: awstest.Account, Endpoint: s.Endpoint}, Worker: s.Worker, Boundary: s.Boundary,
		Allow: []AllowConfig{
			{Actions: []string{"s3:Get*", "s3:PutObject", "s3:ListBucket"}, Resources: []string{"arn:aws:s3:::orders*"}},
			{Actions: []string{"ec2:StopInstances"}, Resources: []string{"arn:aws:ec2:*:123456789012:instance/*"}},
		},
	}}
}

const (
	orders = "arn:aws:s3:::orders/*"
	order  = "arn:aws:s3:::orders/2026/1.json" // one of them
)

var read = access.Entitlement{"actions": []any{"s3:GetObject"}, "resources": []any{orders}}

func (a account) open(t *testing.T, wire http.RoundTripper) integrations.Target {
	t.Helper()
	target, err := a.config.open(context.Background(), wire)
	require.NoError(t, err)
	return target
}

func grantFor(e access.Entitlement, ttl time.Duration) access.Grant {
	id := access.NewRequestID()
	return access.Grant{Name: access.GrantName(id, 0), RequestID: id, Target: "aws/test", Principal: "alice@example.com",
		Entitlement: e, ExpiresAt: time.Now().UTC().Add(ttl).Truncate(time.Second)}
}

// granted opens a grant, and revokes it after the test.
func (a account) granted(t *testing.T, target integrations.Target, e access.Entitlement, ttl time.Duration) access.Grant {
	t.Helper()
	g := grantFor(e, ttl)
	require.NoError(t, target.Grant(context.Background(), g))
	t.Cleanup(func() { require.NoError(t, a.open(t, nil).Revoke(context.Background(), g)) })
	return g
}

// useAt evaluates both policies: may the worker assume the role for the requester,
// and may the credential's session then act? Both must agree, so that neither
// policy hides an error in the other.
func (a account) useAt(ctx context.Context, g access.Grant, c access.Credential, at time.Time) error {
	caller, err := a.Caller(ctx, c.Env["AWS_ACCESS_KEY_ID"], c.Env["AWS_SECRET_ACCESS_KEY"], c.Env["AWS_SESSION_TOKEN"])
	if err != nil {
		return err
	}
	if want := "arn:aws:sts::" + awstest.Account + ":assumed-role/" + g.Name + "/" + g.Principal; caller != want {
		return fmt.Errorf("the credential is of %s, not of %s", caller, want)
	}
	role, err := a.Role(ctx, g.Name)
	switch {
	case err != nil:
		return err
	case role == nil:
		return fmt.Errorf("no role: %w", targettest.ErrRefused)
	case role.Boundary == nil:
		return errors.New("the role has no boundary")
	}
	enters, err := a.assumes(ctx, role, a.Worker, map[string]string{"sts:SourceIdentity": g.Principal}, at)
	if err != nil {
		return err
	}
	acts, err := a.acts(ctx, role, caller, "s3:GetObject", order, at)
	switch {
	case err != nil:
		return err
	case enters != acts:
		return fmt.Errorf("at %s the role lets in: %t, lets act: %t", at, enters, acts)
	case !acts:
		return fmt.Errorf("at %s: %w", at, targettest.ErrRefused)
	}
	return nil
}

// assumes reports whether the trust policy lets a principal in.
func (a account) assumes(ctx context.Context, role *awstest.Role, principal string, keys map[string]string, at time.Time) (bool, error) {
	for _, action := range []string{"sts:AssumeRole", "sts:SetSourceIdentity"} {
		ok, err := a.sim.Allows(ctx, awstest.Question{At: at, Principal: principal, Action: action, Resource: role.ARN,
			Context: keys, ResourcePolicy: role.Trust})
		if err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// acts reports whether a session of the role may do something.
func (a account) acts(ctx context.Context, role *awstest.Role, session, action, resource string, at time.Time) (bool, error) {
	return a.sim.Allows(ctx, awstest.Question{At: at, Principal: session, Action: action, Resource: resource,
		Identity: role.Identity, Boundary: role.Boundary})
}

func sessionOf(g access.Grant) string {
	return "arn:aws:sts::" + awstest.Account + ":assumed-role/" + g.Name + "/" + g.Principal
}

// marked returns the names of all roles that look like grants, whatever their path.
func (a account) marked(ctx context.Context) ([]string, error) {
	names, err := a.Names(ctx)
	return slices.DeleteFunc(names, func(name string) bool {
		_, ok := access.RequestIDFromGrantName(name)
		return !ok || name == foreignName || name == foreignBelow
	}), err
}

func ptr[T any](v T) *T { return &v }
