package awsiam

import (
	"regexp"
	"slices"
	"strings"
	"time"

	awsarn "github.com/aws/aws-sdk-go-v2/aws/arn"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

var (
	pathShape    = regexp.MustCompile(`^/([A-Za-z0-9_.=@+-]+/){1,8}$`)
	iamNameShape = regexp.MustCompile(`^(role|user)/[A-Za-z0-9_+=,.@/-]{1,500}$`)
	sessionShape = regexp.MustCompile(`^assumed-role/[A-Za-z0-9_+=,.@-]+/[A-Za-z0-9_+=,.@-]+$`)
	policyShape  = regexp.MustCompile(`^policy/[A-Za-z0-9_+=,.@/-]{1,500}$`)
)

// placeholder stands for the requester in trust.arn.
const placeholder = "{{ principal }}"

// maxConsistency bounds how long closing waits before it believes what it reads.
const maxConsistency = access.Duration(5 * time.Minute)

// validate returns everything that is wrong, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	issues = c.Config.Validate()
	require := issues.Require
	require(pathShape.MatchString(c.Path) && len(c.Path) <= 256, "path_malformed", "path", "a path is needed, such as /ramp/, that belongs to Ramp alone")
	require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)

	require(c.Boundary != "" || c.NoBoundary, "boundary_missing", "boundary",
		"the ARN of a permissions boundary is needed, or noBoundary: true to go without")
	require(c.Boundary == "" || !c.NoBoundary, "boundary_both", "noBoundary", "boundary and noBoundary exclude each other")
	require(c.Boundary == "" || c.names(c.Boundary, "iam", policyShape) || c.ofAWS(c.Boundary), "boundary_malformed", "boundary",
		"the ARN of a policy of this account is needed")

	require(c.Worker != "" || c.Trust.ARN != "", "trust_missing", "worker",
		"somebody must be able to assume the roles: Ramp (worker), the requester (trust.arn), or both")
	require(c.Worker == "" || c.names(c.Worker, "iam", iamNameShape), "worker_malformed", "worker",
		"the ARN of the role or user that Ramp is, in this account")
	return append(issues, slices.Concat(c.validateTrust(), c.validateAllow(), c.validateDescribe())...)
}

func (c Config) validateTrust() (issues access.Issues) {
	if c.Trust.ARN == "" {
		issues.Require(!c.Trust.SourceIdentity, "trust_missing", "trust.arn", "sourceIdentity says nothing without an ARN")
		return issues
	}
	text := strings.ReplaceAll(c.Trust.ARN, placeholder, "someone")
	of, err := awsarn.Parse(text)
	one := of.Service == "iam" && iamNameShape.MatchString(of.Resource) || of.Service == "sts" && sessionShape.MatchString(of.Resource)
	issues.Require(err == nil && of.Partition == c.Partition && of.Region == "" && awsapi.AccountShape.MatchString(of.AccountID) && one,
		"trust_malformed", "trust.arn", "the ARN of a role, a user or a role's session is needed; a whole account is too many")
	issues.Require(text != c.Trust.ARN || c.Trust.SourceIdentity, "trust_anybody", "trust",
		"everybody whom this ARN stands for could use everybody's grants: name the requester with %s, or require their sourceIdentity", placeholder)
	return issues
}

// names reports whether arn is one of this account and service, of a shape.
func (c Config) names(arn, service string, shape *regexp.Regexp) bool {
	rest, ok := strings.CutPrefix(arn, "arn:"+c.Partition+":"+service+"::"+c.Account+":")
	return ok && shape.MatchString(rest)
}

// ofAWS reports whether arn is one of AWS's own managed policies.
func (c Config) ofAWS(arn string) bool {
	rest, ok := strings.CutPrefix(arn, "arn:"+c.Partition+":iam::aws:")
	return ok && policyShape.MatchString(rest)
}
