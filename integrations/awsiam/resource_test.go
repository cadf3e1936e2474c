package awsiam

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/awsiam/awstest"
)

const (
	someKey  = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"
	otherKey = "arn:aws:kms:eu-central-1:123456789012:key/99999999-2222-3333-4444-555555555555"
)

// named tries grants of a prefix of a bucket and of a key: what the role that is on AWS
// lets a session do, now and at its end.
func named(t *testing.T, a account) {
	ctx := context.Background()
	a.config.Boundary = a.Policy("s3-and-kms", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","kms:*"],"Resource":"*"}]}`)
	a.config.Allow = append(a.config.Allow, AllowConfig{Actions: []string{"kms:*"}, Resources: []string{someKey}},
		AllowConfig{Actions: []string{"s3:*"}, Resources: []string{"arn:aws:s3:::orders", "arn:aws:s3:::orders/*"}})
	target := a.open(t, nil)
	const in, beside, bucket = "arn:aws:s3:::orders/2026/1.json", "arn:aws:s3:::orders/2026-secret/1.json", "arn:aws:s3:::orders"
	own := map[string]string{"aws:ResourceAccount": awstest.Account}
	with := func(more map[string]string) map[string]string {
		out := maps.Clone(own)
		maps.Copy(out, more)
		return out
	}
	byS3 := map[string]string{"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
	type call struct {
		action, resource string
		keys             map[string]string
		want             bool
	}
	for _, c := range []struct {
		entitlement access.Entitlement
		summary     string
		calls       []call
	}{
		{access.Entitlement{"bucket": "orders", "prefix": "2026/", "access": "read"}, "read s3://orders/2026/ in AWS account 123456789012", []call{
			{"s3:GetObject", in, own, true}, {"s3:GetObject", beside, own, false}, {"s3:PutObject", in, own, false},
			{"s3:GetObject", in, map[string]string{"aws:ResourceAccount": "999999999999"}, false}, // somebody else's bucket of that name
			{"s3:ListBucket", bucket, with(map[string]string{"s3:prefix": "2026/"}), true}, {"s3:ListBucket", bucket, with(map[string]string{"s3:prefix": "2026/eu/"}), true},
			{"s3:ListBucket", bucket, own, false}, {"s3:ListBucket", bucket, with(map[string]string{"s3:prefix": "2025/"}), false},
			{"s3:DeleteBucket", bucket, own, false}, {"kms:Decrypt", someKey, byS3, false},
		}},
		{access.Entitlement{"bucket": "orders", "prefix": "2026/", "access": "delete"}, "delete s3://orders/2026/ in AWS account 123456789012", []call{
			{"s3:PutObject", in, own, true}, {"s3:DeleteObject", in, own, true}, {"s3:DeleteObject", beside, own, false}, {"s3:DeleteObjectVersion", in, own, false},
		}},
		{access.Entitlement{"bucket": "orders", "prefix": "2026/", "key": someKey, "access": "write"}, "write s3://orders/2026/, encrypted with the key " + someKey + " in AWS account 123456789012", []call{
			{"s3:PutObject", in, own, true}, {"s3:DeleteObject", in, own, false},
			{"kms:GenerateDataKey", someKey, byS3, true}, {"kms:Decrypt", someKey, byS3, true},
			{"kms:Decrypt", someKey, nil, false}, {"kms:Decrypt", otherKey, byS3, false}, // not past S3, and no other key
		}},
		{access.Entitlement{"key": someKey, "access": "read"}, "read with the key " + someKey + " in AWS account 123456789012", []call{
			{"kms:Decrypt", someKey, nil, true}, {"kms:Encrypt", someKey, nil, false}, {"kms:Decrypt", otherKey, nil, false}, {"kms:CreateGrant", someKey, nil, false},
			{"kms:ScheduleKeyDeletion", someKey, nil, false},
		}},
		{access.Entitlement{"key": someKey, "access": "sign"}, "sign with the key " + someKey + " in AWS account 123456789012", []call{
			{"kms:Sign", someKey, nil, true}, {"kms:Decrypt", someKey, nil, false},
		}},
	} {
		scope, err := target.Resolve(ctx, c.entitlement)
		require.NoError(t, err)
		require.Equal(t, c.summary, scope.Summary)
		g := a.granted(t, target, c.entitlement, time.Hour)
		role, err := a.Role(ctx, g.Name)
		require.NoError(t, err)
		for _, one := range c.calls {
			at := func(when time.Time) bool {
				ok, err := a.sim.Allows(ctx, awstest.Question{At: when, Principal: sessionOf(g), Action: one.action, Resource: one.resource,
					Context: one.keys, Identity: role.Identity, Boundary: role.Boundary, ResourcePolicy: keyPolicy(one.resource)})
				require.NoError(t, err)
				return ok
			}
			require.Equal(t, one.want, at(g.ExpiresAt.Add(-time.Second)), "%s: %v", c.summary, one)
			require.False(t, at(g.ExpiresAt), "%s: %v at the end", c.summary, one)
		}
		differences, err := target.(integrations.DriftDetector).Drift(ctx, g)
		require.NoError(t, err)
		require.Empty(t, differences)
	}
}

// keyPolicy is what a key has that leaves its use to IAM; nothing for what is no key.
func keyPolicy(resource string) json.RawMessage {
	if !strings.Contains(resource, ":kms:") {
		return nil
	}
	return json.RawMessage(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"kms:*","Resource":"*"}]}`)
}

// mintUnbounded tries that nobody gets credentials of a role whose boundary was taken
// away or exchanged.
func mintUnbounded(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	for _, change := range []func(name string) error{
		func(name string) error {
			_, err := a.IAM().DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &name})
			return err
		},
		func(name string) error {
			_, err := a.IAM().PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &name, PermissionsBoundary: ptr("arn:aws:iam::aws:policy/AdministratorAccess")})
			return err
		},
	} {
		g := a.granted(t, target, read, time.Hour)
		require.NoError(t, change(g.Name))
		_, err := target.(integrations.Minter).Mint(ctx, g)
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%v", err)
	}
}

// chained tries a target in another account, which Ramp reaches by two roles.
func chained(t *testing.T, a account) {
	ctx := context.Background()
	const there, hub, inside = "210987654321", "arn:aws:iam::123456789012:role/ramp-hub", "arn:aws:iam::210987654321:role/ramp-inside"
	a.config.Account, a.config.Worker, a.config.Boundary, a.config.NoBoundary = there, inside, "", true
	a.config.Assume = []awsapi.Assume{{Role: hub}, {Role: inside, ExternalID: "ramp-of-example"}}
	var assumed []url.Values
	var by []string
	target := a.open(t, wire(func(r *http.Request) (*http.Response, error) {
		if form := formOf(r); form.Get("Action") == "AssumeRole" {
			assumed = append(assumed, form)
			by = append(by, r.Header.Get("Authorization")[:60])
		}
		return http.DefaultTransport.RoundTrip(r)
	}))
	require.NoError(t, target.(integrations.Pinger).Ping(ctx), "it is the account, and its role")
	g := a.granted(t, target, read, time.Hour)
	require.Len(t, assumed, 2, "the sessions are kept")
	require.Equal(t, []string{hub, inside}, []string{assumed[0].Get("RoleArn"), assumed[1].Get("RoleArn")})
	require.Empty(t, assumed[0].Get("ExternalId"))
	require.Equal(t, "ramp-of-example", assumed[1].Get("ExternalId"))
	require.NotEqual(t, by[0], by[1], "the second is assumed with the credentials of the first")

	here, err := a.Role(ctx, g.Name)
	require.NoError(t, err)
	require.Nil(t, here, "nothing is made in the account of the worker")
	p, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, p.Open)
	c, err := target.(integrations.Minter).Mint(ctx, g)
	require.NoError(t, err)
	caller, err := a.Caller(ctx, c.Env["AWS_ACCESS_KEY_ID"], c.Env["AWS_SECRET_ACCESS_KEY"], c.Env["AWS_SESSION_TOKEN"])
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(caller, "arn:aws:sts::"+there+":assumed-role/"+g.Name+"/"), caller)
	require.NoError(t, target.Revoke(ctx, g))
	p, err = target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, p.Gone())
}
