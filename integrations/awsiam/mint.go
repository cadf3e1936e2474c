package awsiam

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/internal/clock"
)

// minSession is the shortest session that AWS issues; the date in the role's
// policies ends it earlier, to the second. maxSession is the longest that AWS
// issues to a caller that itself has a role's session, as Ramp should.
const minSession, maxSession = 15 * time.Minute, time.Hour

// Mint implements integrations.Minter. The credential is a session of the grant's
// role, under the requester's name.
func (m *minter) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	g, _, err := m.begin(g)
	if err != nil {
		return none, err
	}
	r, err := m.openRole(ctx, g.Name)
	if err != nil {
		return none, err
	}
	if want := m.config.Boundary; want != "" && r.boundary != want {
		return none, integrations.ErrChanged("the role's permissions boundary")
	}
	ends := integrations.Earlier(r.ends, g.ExpiresAt)
	left := clock.Until(ends)
	if left <= 0 {
		return none, integrations.ErrNotOpen
	}
	arn := m.config.roleARN(g.Name)
	out, err := m.sts.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: &g.Principal, SourceIdentity: &g.Principal,
		DurationSeconds: aws.Int32(int32(min(max(left, minSession), maxSession) / time.Second)),
	})
	if err != nil {
		if awsapi.CodeOf(err) == access.CodeForbidden && clock.Now().Sub(r.made) < m.config.Consistency.Std() {
			return none, access.Errorf(access.CodeUnavailable, "AWS does not know the new role everywhere yet: %w", err)
		}
		return none, awsapi.Mapped(err)
	}
	ends = integrations.Earlier(aws.ToTime(out.Credentials.Expiration).UTC(), ends)
	c := access.Credential{
		Kind: "aws",
		Env: map[string]string{
			"AWS_ACCESS_KEY_ID":     aws.ToString(out.Credentials.AccessKeyId),
			"AWS_SECRET_ACCESS_KEY": aws.ToString(out.Credentials.SecretAccessKey),
			"AWS_SESSION_TOKEN":     aws.ToString(out.Credentials.SessionToken),
			"AWS_REGION":            m.config.Region,
			"AWS_DEFAULT_REGION":    m.config.Region, // older tools know only this one
		},
		ExpiresAt: ends,
		Hint:      fmt.Sprintf("aws and every tool with AWS's SDK: you are %s in account %s", g.Name, m.config.Account),
	}
	if m.config.Endpoint != "" {
		c.Env["AWS_ENDPOINT_URL"] = m.config.Endpoint
	}
	return c, nil
}
