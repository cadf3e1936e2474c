package awstest

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// Role is a role with its policies, as they are on the server.
type Role struct {
	ARN        string
	Trust      json.RawMessage
	Identity   []json.RawMessage // inline and managed
	Boundary   json.RawMessage   // nil if none
	MaxSession time.Duration
	Tags       map[string]string
}

// Role returns a role, or nil if there is none of that name.
func (s *Server) Role(ctx context.Context, name string) (*Role, error) {
	admin := s.IAM()
	out, err := admin.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	r := &Role{ARN: aws.ToString(out.Role.Arn), Tags: map[string]string{},
		MaxSession: time.Duration(aws.ToInt32(out.Role.MaxSessionDuration)) * time.Second}
	for _, tag := range out.Role.Tags {
		r.Tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	if r.Trust, err = decode(out.Role.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if b := out.Role.PermissionsBoundary; b != nil {
		if r.Boundary, err = s.managed(ctx, b.PermissionsBoundaryArn); err != nil {
			return nil, err
		}
	}
	inline, err := admin.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name})
	if err != nil {
		return nil, err
	}
	for _, policy := range inline.PolicyNames {
		out, err := admin.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &name, PolicyName: &policy})
		if err != nil {
			return nil, err
		}
		document, err := decode(out.PolicyDocument)
		if err != nil {
			return nil, err
		}
		r.Identity = append(r.Identity, document)
	}
	attached, err := admin.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: &name})
	if err != nil {
		return nil, err
	}
	for _, policy := range attached.AttachedPolicies {
		document, err := s.managed(ctx, policy.PolicyArn)
		if err != nil {
			return nil, err
		}
		r.Identity = append(r.Identity, document)
	}
	return r, nil
}

func (s *Server) managed(ctx context.Context, arn *string) (json.RawMessage, error) {
	out, err := s.IAM().GetPolicyVersion(ctx, &iam.GetPolicyVersionInput{PolicyArn: arn, VersionId: aws.String("v1")})
	if err != nil {
		return nil, err
	}
	return decode(out.PolicyVersion.Document)
}

// Remove deletes a role with everything in it, as somebody would by hand.
func (s *Server) Remove(ctx context.Context, name string) error {
	admin := s.IAM()
	inline, err := admin.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: &name})
	if err != nil {
		return err
	}
	for _, policy := range inline.PolicyNames {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: &policy}); err != nil {
			return err
		}
	}
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name})
	return err
}

// Names returns the names of all roles, whatever their path.
func (s *Server) Names(ctx context.Context) (names []string, err error) {
	for pages := iam.NewListRolesPaginator(s.IAM(), &iam.ListRolesInput{}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Roles {
			names = append(names, aws.ToString(r.RoleName))
		}
	}
	return names, nil
}

func decode(document *string) (json.RawMessage, error) {
	text, err := url.PathUnescape(aws.ToString(document))
	if err != nil {
		return nil, err
	}
	if !json.Valid([]byte(text)) {
		return nil, errors.New("a policy that is no JSON: " + text)
	}
	return json.RawMessage(text), nil
}

func gone(err error) bool {
	var missing *types.NoSuchEntityException
	return errors.As(err, &missing)
}
