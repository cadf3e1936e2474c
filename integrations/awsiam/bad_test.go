package awsiam

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

// badEntitlements returns entitlements that are invalid with the fixture's
// allow-list.
func badEntitlements() map[string]access.Entitlement {
	e := func(action, resource string) access.Entitlement {
		return access.Entitlement{"actions": []any{action}, "resources": []any{resource}}
	}
	var many []any
	for i := range maxItems {
		many = append(many, fmt.Sprintf("arn:aws:s3:::orders-%d-%s", i, strings.Repeat("x", 200)))
	}
	named := func(bucket, prefix, key, kind string) access.Entitlement {
		out := access.Entitlement{}
		for k, v := range map[string]string{"bucket": bucket, "prefix": prefix, "key": key, "access": kind} {
			if v != "" {
				out[k] = v
			}
		}
		return out
	}
	return map[string]access.Entitlement{
		"bucket alone":            named("orders", "", "", "read"),
		"bucket without access":   named("orders", "2026/", "", ""),
		"prefix alone":            named("", "2026/", "", "read"),
		"access alone":            named("", "", "", "read"),
		"bucket elsewhere":        named("payroll", "2026/", "", "read"),
		"bucket with a wildcard":  named("orders*", "2026/", "", "read"),
		"prefix without a slash":  named("orders", "2026", "", "read"),
		"prefix of everything":    named("orders", "/", "", "read"),
		"prefix with a wildcard":  named("orders", "2026/*/", "", "read"),
		"prefix with a variable":  named("orders", "${aws:username}/", "", "read"),
		"delete is not allowed":   named("orders", "2026/", "", "delete"),
		"access is a word":        named("orders", "2026/", "", "admin"),
		"a bucket does not sign":  named("orders", "2026/", "", "sign"),
		"a key that is not given": named("", "", someKey, "read"),
		"a key by its alias":      named("", "", "arn:aws:kms:eu-central-1:123456789012:alias/orders", "read"),
		"a key elsewhere":         named("", "", "arn:aws-cn:kms:cn-north-1:123456789012:key/1", "read"),
		"a key deletes nothing":   named("", "", someKey, "delete"),
		"a bucket and actions":    {"bucket": "orders", "prefix": "2026/", "access": "read", "actions": []any{"s3:GetObject"}},
		"no actions":              {"resources": []any{orders}},
		"no resources":            {"actions": []any{"s3:GetObject"}},
		"empty lists":             {"actions": []any{}, "resources": []any{}},
		"text, not a list":        {"actions": "s3:GetObject", "resources": []any{orders}},
		"list of numbers":         {"actions": []any{7}, "resources": []any{orders}},
		"too many":                {"actions": []any{"s3:GetObject"}, "resources": append(many, "arn:aws:s3:::orders")},
		"too large":               {"actions": []any{"s3:GetObject"}, "resources": many},
		"every action":            e("*", orders),
		"every action of s3":      e("s3:*", orders),
		"some actions of s3":      e("s3:Get*", orders),
		"one unknown letter":      e("s3:GetObjec?", orders),
		"action upper case":       e("S3:GetObject", orders),
		"action not allowed":      e("s3:DeleteObject", orders),
		"action elsewhere":        e("ec2:StopInstances", orders),
		"iam":                     e("iam:CreateUser", "arn:aws:iam::123456789012:user/eve"),
		"assume another":          e("sts:AssumeRole", "arn:aws:iam::123456789012:role/admin"),
		"pass a role":             e("iam:PassRole", orders),
		"everything":              e("s3:GetObject", "*"),
		"every bucket":            e("s3:GetObject", "arn:aws:s3:::*"),
		"every bucket, again":     e("s3:GetObject", "arn:aws:s3:::?*"),
		"wildcard service":        e("s3:GetObject", "arn:aws:*:::orders"),
		"wildcard account":        e("ec2:StopInstances", "arn:aws:ec2:eu-central-1:*:instance/i-1"),
		"wildcard region":         e("ec2:StopInstances", "arn:aws:ec2:*:123456789012:instance/i-1"),
		"another account":         e("ec2:StopInstances", "arn:aws:ec2:eu-central-1:999999999999:instance/i-1"),
		"another bucket":          e("s3:GetObject", "arn:aws:s3:::payroll/*"),
		"wider than allowed":      e("s3:GetObject", "arn:aws:s3:::ord*"),
		"another partition":       e("s3:GetObject", "arn:aws-cn:s3:::orders/*"),
		"policy variable":         e("s3:GetObject", "arn:aws:s3:::orders/${aws:username}"),
		"line break":              e("s3:GetObject", "arn:aws:s3:::orders/*\n"),
		"quotes":                  e("s3:GetObject", `arn:aws:s3:::orders","*`),
		"no ARN":                  e("s3:GetObject", "orders"),
		"a role of Ramp's":        e("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/ramp/ramp-0123456789abcdef-a"),
	}
}

// What is allowed for others does not extend to Ramp's own roles.
func TestRampsOwnRolesAreOutOfReach(t *testing.T) {
	c := goodConfig()
	c.Allow = []AllowConfig{{Actions: []string{"iam:PutRolePolicy"}, Resources: []string{"arn:aws:iam::123456789012:role/*"}}}
	c = c.withDefaults()
	require.Empty(t, c.validate())
	for resource, ok := range map[string]bool{
		"arn:aws:iam::123456789012:role/app":                           true,
		"arn:aws:iam::123456789012:role/app/*":                         true,
		"arn:aws:iam::123456789012:role/ramp/ramp-0123456789abcdef-a":  false,
		"arn:aws:iam::123456789012:role/ramp/x":                        false,
		"arn:aws:iam::123456789012:role/*":                             false,
		"arn:aws:iam::123456789012:role/r*/ramp-0123456789abcdef-a":    false,
		"arn:aws:iam::123456789012:role/?amp/ramp-0123456789abcdef-a":  false,
		"arn:aws:iam::123456789012:role/ramp-worker":                   true,
		"arn:aws:iam::123456789012:r*/ramp/ramp-0123456789abcdef-a":    false,
		"arn:aws:iam::123456789012:role/rampant/ramp-0123456789abcdef": true,
	} {
		_, err := c.entitlement(access.Entitlement{"actions": []string{"iam:PutRolePolicy"}, "resources": []string{resource}})
		require.Equal(t, ok, err == nil, "%s: %v", resource, err)
	}
}

func goodConfig() Config {
	return Config{Config: awsapi.Config{Region: "eu-central-1", Account: "123456789012"}, Worker: "arn:aws:iam::123456789012:role/ramp-worker",
		Boundary: "arn:aws:iam::123456789012:policy/ramp-boundary",
		Allow:    []AllowConfig{{Actions: []string{"s3:GetObject"}, Resources: []string{"arn:aws:s3:::orders/*"}}}}
}

func TestBadConfig(t *testing.T) {
	require.Empty(t, goodConfig().withDefaults().validate())
	for what, c := range map[string]struct {
		change func(*Config)
		code   string
	}{
		"no region":             {func(c *Config) { c.Region = "" }, "region_malformed"},
		"region is a path":      {func(c *Config) { c.Region = "../x" }, "region_malformed"},
		"account short":         {func(c *Config) { c.Account = "12345" }, "account_malformed"},
		"partition":             {func(c *Config) { c.Partition = "azure" }, "partition_malformed"},
		"path is the root":      {func(c *Config) { c.Path = "/" }, "path_malformed"},
		"path open":             {func(c *Config) { c.Path = "/ramp" }, "path_malformed"},
		"endpoint in the clear": {func(c *Config) { c.Endpoint = "http://aws.example" }, "address_insecure"},
		"endpoint with secrets": {func(c *Config) { c.Endpoint = "https://u:p@aws.example" }, "address_malformed"},
		"no boundary":           {func(c *Config) { c.Boundary = "" }, "boundary_missing"},
		"boundary and none":     {func(c *Config) { c.NoBoundary = true }, "boundary_both"},
		"boundary elsewhere":    {func(c *Config) { c.Boundary = "arn:aws:iam::999999999999:policy/b" }, "boundary_malformed"},
		"boundary is a role":    {func(c *Config) { c.Boundary = "arn:aws:iam::123456789012:role/b" }, "boundary_malformed"},
		"nobody assumes":        {func(c *Config) { c.Worker = "" }, "trust_missing"},
		"worker is the account": {func(c *Config) { c.Worker = "arn:aws:iam::123456789012:root" }, "worker_malformed"},
		"worker elsewhere":      {func(c *Config) { c.Worker = "arn:aws:iam::999999999999:role/w" }, "worker_malformed"},
		"trust anybody":         {func(c *Config) { c.Trust.ARN = "arn:aws:iam::123456789012:role/engineers" }, "trust_anybody"},
		"trust the account":     {func(c *Config) { c.Trust = TrustConfig{"arn:aws:iam::123456789012:root", true} }, "trust_malformed"},
		"trust everyone":        {func(c *Config) { c.Trust = TrustConfig{"*", true} }, "trust_malformed"},
		"trust a wildcard":      {func(c *Config) { c.Trust = TrustConfig{"arn:aws:iam::123456789012:role/*", true} }, "trust_malformed"},
		"source of nobody":      {func(c *Config) { c.Trust.SourceIdentity = true }, "trust_missing"},
		"no allow-list":         {func(c *Config) { c.Allow = nil }, "allow_missing"},
		"allow half":            {func(c *Config) { c.Allow[0].Resources = nil }, "allow_incomplete"},
		"allow everything":      {func(c *Config) { c.Allow[0].Actions = []string{"*"} }, "allow_action_malformed"},
		"allow every service":   {func(c *Config) { c.Allow[0].Actions = []string{"*:*"} }, "allow_action_malformed"},
		"allow iam":             {func(c *Config) { c.Allow[0].Actions = []string{"iam:*"} }, "allow_escalates"},
		"allow some of sts":     {func(c *Config) { c.Allow[0].Actions = []string{"sts:Assume*"} }, "allow_escalates"},
		"allow all resources":   {func(c *Config) { c.Allow[0].Resources = []string{"*"} }, "allow_resource_malformed"},
		"allow elsewhere":       {func(c *Config) { c.Allow[0].Resources = []string{"arn:aws-cn:s3:::x"} }, "allow_resource_malformed"},
		"consistency":           {func(c *Config) { c.Consistency = access.Duration(time.Hour) }, "consistency_out_of_range"},
	} {
		t.Run(what, func(t *testing.T) {
			config := goodConfig()
			c.change(&config)
			_, err := config.Open(t.Context(), "aws/test")
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			var codes []string
			for _, issue := range access.IssuesOf(err) {
				codes = append(codes, issue.Code)
			}
			require.Contains(t, codes, c.code)
		})
	}
	_, err := Config{}.Open(t.Context(), "aws/test")
	require.GreaterOrEqual(t, len(access.IssuesOf(err)), 5, "all issues at once")
}
