package awsiam

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

// widen changes a grant's role as an administrator of the account would.
func (a account) widen(t *testing.T) map[string]func(context.Context, access.Grant) error {
	extra := a.Policy("extra", everything)
	other := a.Policy("other-boundary", everything)
	put := func(name string, document func(access.Grant) string) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &g.Name, PolicyName: &name, PolicyDocument: ptr(document(g))})
			return err
		}
	}
	trust := func(document func(access.Grant) string) func(context.Context, access.Grant) error {
		return func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &g.Name, PolicyDocument: ptr(document(g))})
			return err
		}
	}
	config := a.config.withDefaults()
	ent, err := config.entitlement(read)
	require.NoError(t, err)
	return map[string]func(context.Context, access.Grant) error{
		"another inline policy": put("more", func(access.Grant) string { return everything }),
		"its own policy":        put(policyName, func(access.Grant) string { return everything }),
		"its own policy, longer": put(policyName, func(g access.Grant) string {
			return permissions(ent, g.ExpiresAt.Add(time.Hour))
		}),
		"a policy attached": func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &g.Name, PolicyArn: &extra})
			return err
		},
		"somebody else may assume it": trust(func(g access.Grant) string { return config.trust("eve", g.ExpiresAt) }),
		"assumed for longer":          trust(func(g access.Grant) string { return config.trust(g.Principal, g.ExpiresAt.Add(time.Hour)) }),
		"assumed for ever": trust(func(access.Grant) string {
			return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + a.Worker + `"},"Action":"sts:AssumeRole"}]}`
		}),
		"another boundary": func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &g.Name, PermissionsBoundary: &other})
			return err
		},
		"no boundary": func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &g.Name})
			return err
		},
		"its tags": func(ctx context.Context, g access.Grant) error {
			_, err := a.IAM().TagRole(ctx, &iam.TagRoleInput{RoleName: &g.Name, Tags: []types.Tag{{Key: ptr(tagPrincipal), Value: ptr("eve")}}})
			return err
		},
		"given to a machine": func(ctx context.Context, g access.Grant) error {
			profile := "profile-" + g.RequestID
			if _, err := a.IAM().CreateInstanceProfile(ctx, &iam.CreateInstanceProfileInput{InstanceProfileName: &profile}); err != nil {
				return err
			}
			_, err := a.IAM().AddRoleToInstanceProfile(ctx, &iam.AddRoleToInstanceProfileInput{InstanceProfileName: &profile, RoleName: &g.Name})
			return err
		},
	}
}

// A policy for another person or another end is another policy.
func TestSamePolicy(t *testing.T) {
	config := goodConfig().withDefaults()
	at := time.Now().UTC().Add(time.Hour).Truncate(time.Second)
	require.True(t, awsapi.SamePolicy(config.trust("alice", at), config.trust("alice", at)))
	require.False(t, awsapi.SamePolicy(config.trust("alice", at), config.trust("eve", at)))
	require.False(t, awsapi.SamePolicy(config.trust("alice", at), config.trust("alice", at.Add(time.Second))))
}

// restoredBeforeExtended tries that a role that was changed by hand is put right with the
// end that it has. The ledger records an extension first: the later end is not the role's
// before the extension is made.
func restoredBeforeExtended(t *testing.T, a account) {
	ctx, target := context.Background(), a.open(t, nil)
	detector := target.(integrations.DriftDetector)
	g := a.granted(t, target, read, time.Hour)
	require.NoError(t, a.widen(t)["a policy attached"](ctx, g))
	later := g
	later.ExpiresAt = g.ExpiresAt.Add(time.Minute)
	require.NoError(t, detector.Restore(ctx, later))
	differences, err := detector.Drift(ctx, g)
	require.NoError(t, err)
	require.Empty(t, differences)
	require.NoError(t, target.(integrations.Extender).Extend(ctx, later))
}
