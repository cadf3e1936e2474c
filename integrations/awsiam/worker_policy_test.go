package awsiam

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsiam/awstest"
)

// workerPolicy tries that the policy in the documentation allows every call that the
// target makes, and nothing that would be more.
func workerPolicy(t *testing.T, a account) {
	ctx := context.Background()
	policy := documented(t)
	var mu sync.Mutex
	made := map[string]url.Values{}
	target := a.open(t, wire(func(r *http.Request) (*http.Response, error) {
		form := formOf(r)
		mu.Lock()
		made[form.Get("Action")] = form
		mu.Unlock()
		return http.DefaultTransport.RoundTrip(r)
	}))
	g := a.granted(t, target, read, time.Hour)
	_, err := a.IAM().DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &g.Name})
	require.NoError(t, err)
	require.NoError(t, target.Grant(ctx, g))
	later := g
	later.ExpiresAt = g.ExpiresAt.Add(time.Hour)
	require.NoError(t, target.(integrations.Extender).Extend(ctx, later))
	_, err = target.(integrations.Minter).Mint(ctx, g)
	require.NoError(t, err)
	require.NoError(t, target.(integrations.Pinger).Ping(ctx))
	_, err = target.List(ctx)
	require.NoError(t, err)
	_, err = a.IAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &g.Name, PolicyArn: ptr(a.Policy("more", everything))})
	require.NoError(t, err)
	_, err = a.IAM().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: ptr("other")})
	require.NoError(t, err)
	_, err = a.IAM().AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{RoleName: &g.Name, InstanceProfileName: ptr("other")})
	require.NoError(t, err)
	require.NoError(t, target.Revoke(ctx, g))
	require.GreaterOrEqual(t, len(made), 17, "every call that there is")

	allows := func(action, resource, boundary string) bool {
		q := awstest.Question{At: time.Now(), Principal: a.Worker, Action: action, Resource: resource, Identity: []json.RawMessage{policy}}
		if boundary != "" {
			q.Context = map[string]string{"iam:PermissionsBoundary": boundary}
		}
		ok, err := a.sim.Allows(ctx, q)
		require.NoError(t, err)
		return ok
	}
	role := a.config.withDefaults().roleARN(g.Name)
	for action, form := range made {
		service, resource := "iam:", role
		switch {
		case action == "GetCallerIdentity":
			continue // needs no permission
		case action == "AssumeRole":
			service = "sts:"
		case action == "ListRoles":
			resource = "*"
		case form.Get("InstanceProfileName") != "":
			resource = "arn:aws:iam::123456789012:instance-profile/other"
		}
		require.True(t, allows(service+action, resource, a.Boundary), "%s on %s", action, resource)
	}
	require.True(t, allows("sts:SetSourceIdentity", role, ""))

	for _, c := range [][3]string{
		{"iam:CreateRole", role, ""},
		{"iam:CreateRole", role, "arn:aws:iam::aws:policy/AdministratorAccess"},
		{"iam:CreateRole", "arn:aws:iam::123456789012:role/admin", a.Boundary},
		{"iam:PutRolePolicy", role, ""},
		{"iam:PutRolePolicy", "arn:aws:iam::123456789012:role/ramp-worker", a.Boundary},
		{"iam:DeleteRolePermissionsBoundary", role, a.Boundary},
		{"iam:UpdateAssumeRolePolicy", "arn:aws:iam::123456789012:role/admin", ""},
		{"iam:AttachRolePolicy", role, a.Boundary},
		{"sts:AssumeRole", "arn:aws:iam::123456789012:role/admin", ""},
		{"s3:GetObject", order, ""},
	} {
		require.False(t, allows(c[0], c[1], c[2]), "%v", c)
	}
}

// documented returns the policy in docs/targets/aws.md.
func documented(t *testing.T) json.RawMessage {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "targets", "aws.md"))
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(page), "```json\n")
	require.True(t, ok)
	text, _, _ := strings.Cut(rest, "```")
	require.True(t, json.Valid([]byte(text)))
	return json.RawMessage(strings.Join(strings.Fields(text), " ")) // one line: the simulator reads lines
}
