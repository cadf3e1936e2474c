package awsiam

import (
	"regexp"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

var (
	regionShape    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`)
	accountShape   = regexp.MustCompile(`^[0-9]{12}$`)
	partitionShape = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	pathShape      = regexp.MustCompile(`^/([A-Za-z0-9_.=@+-]+/){1,8}$`)
	iamNameShape   = regexp.MustCompile(`^(role|user)/[A-Za-z0-9_+=,.@/-]{1,500}$`)
	sessionShape   = regexp.MustCompile(`^assumed-role/[A-Za-z0-9_+=,.@-]+/[A-Za-z0-9_+=,.@-]+$`)
	policyShape    = regexp.MustCompile(`^policy/[A-Za-z0-9_+=,.@/-]{1,500}$`)
)

// placeholder stands for the requester in trust.arn.
const placeholder = "{{ principal }}"

// maxConsistency bounds how long closing waits before it believes what it reads.
const maxConsistency = access.Duration(5 * time.Minute)

// validate returns everything that is wrong, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	bad := func(wrong bool, code, field, message string) {
		if wrong {
			issues.Add(code, field, "%s", message)
		}
	}
	bad(!regionShape.MatchString(c.Region), "region_malformed", "region", "a region is needed, such as eu-central-1")
	bad(!accountShape.MatchString(c.Account), "account_malformed", "account", "the account's 12 digits are needed, in quotes")
	bad(!partitionShape.MatchString(c.Partition), "partition_malformed", "partition", "such as aws, aws-cn or aws-us-gov")
	bad(!pathShape.MatchString(c.Path) || len(c.Path) > 256, "path_malformed", "path", "a path is needed, such as /ramp/, that belongs to Ramp alone")
	if c.Endpoint != "" {
		issues = append(issues, integrations.CheckAddress("endpoint", c.Endpoint)...)
	}
	bad(c.Consistency < 0 || c.Consistency > maxConsistency, "consistency_out_of_range", "consistency", "at most "+maxConsistency.String())

	bad(c.Boundary == "" && !c.NoBoundary, "boundary_missing", "boundary",
		"the ARN of a permissions boundary is needed, or noBoundary: true to go without")
	bad(c.Boundary != "" && c.NoBoundary, "boundary_both", "noBoundary", "boundary and noBoundary exclude each other")
	bad(c.Boundary != "" && !c.names(c.Boundary, "iam", policyShape) && !c.ofAWS(c.Boundary), "boundary_malformed", "boundary",
		"the ARN of a policy of this account is needed")

	bad(c.Worker == "" && c.Trust.ARN == "", "trust_missing", "worker",
		"somebody must be able to assume the roles: Ramp (worker), the requester (trust.arn), or both")
	bad(c.Worker != "" && !c.names(c.Worker, "iam", iamNameShape), "worker_malformed", "worker",
		"the ARN of the role or user that Ramp is, in this account")
	return append(issues, append(c.validateTrust(), c.validateAllow()...)...)
}

func (c Config) validateTrust() (issues access.Issues) {
	bad := issues.Add
	if c.Trust.ARN == "" {
		if c.Trust.SourceIdentity {
			bad("trust_missing", "trust.arn", "sourceIdentity says nothing without an ARN")
		}
		return issues
	}
	arn := strings.ReplaceAll(c.Trust.ARN, placeholder, "someone")
	if parts := strings.SplitN(arn, ":", 6); len(parts) != 6 || parts[0] != "arn" || parts[1] != c.Partition || parts[3] != "" ||
		!accountShape.MatchString(parts[4]) ||
		(parts[2] != "iam" || !iamNameShape.MatchString(parts[5])) && (parts[2] != "sts" || !sessionShape.MatchString(parts[5])) {
		bad("trust_malformed", "trust.arn", "the ARN of a role, a user or a role's session is needed; a whole account is too many")
	}
	if arn == c.Trust.ARN && !c.Trust.SourceIdentity {
		bad("trust_anybody", "trust",
			"everybody whom this ARN stands for could use everybody's grants: name the requester with "+placeholder+", or require their sourceIdentity")
	}
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
