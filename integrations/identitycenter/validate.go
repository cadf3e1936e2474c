package identitycenter

import (
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

var (
	storeShape  = regexp.MustCompile(`^d-[0-9a-z]{10}$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	nameShape   = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,32}$`)
	setShape    = regexp.MustCompile(`^(arn:aws[a-z-]*:sso:::)permissionSet/(ssoins-[0-9a-z.-]{16})/ps-[0-9a-z.-]{16}$`)
	policyShape = regexp.MustCompile(`^p-[0-9a-z_]{8,128}$`)
)

// validate returns everything that is wrong, with defaults filled in.
func (c Config) validate() (issues access.Issues) {
	issues = c.Config.Validate()
	require := issues.Require
	require(storeShape.MatchString(c.IdentityStore), "identity_store_malformed", "identityStore", "the id of the instance's identity store is needed, such as d-1234567890")
	require(c.User == byUserName || c.User == byEmail, "user_unknown", "user", "%q is neither %s nor %s", access.Clip(c.User, 40), byUserName, byEmail)
	require(awsapi.AccountShape.MatchString(c.Management), "account_malformed", "management", "the 12 digits of the organisation's management account are needed, in quotes")
	at, err := url.Parse(c.Portal)
	require(c.Portal == "" || err == nil && at.Scheme == "https" && at.Host != "" && at.User == nil, "portal_malformed", "portal", "the address of the portal is needed, such as https://example.awsapps.com/start")
	require(c.DenyPolicy == "" || policyShape.MatchString(c.DenyPolicy), "deny_policy_malformed", "denyPolicy", "the id of a service control policy is needed, such as p-examplepolicyid")
	require(c.Session >= shortestSession && c.Session <= longestSession, "session_out_of_range", "session", "%s to %s, as AWS allows for permission sets", shortestSession, longestSession)
	require(c.Consistency >= 0 && c.Consistency <= maxConsistency, "consistency_out_of_range", "consistency", "at most %s", maxConsistency)
	issues = append(issues, c.validateSets()...)
	issues = append(issues, c.validateAllow()...)
	return append(issues, c.Describe.Validate(map[string]func(string) bool{
		listAccounts:       func(v string) bool { return awsapi.AccountShape.MatchString(v) && c.allowsSomewhere("", v) },
		listPermissionSets: func(v string) bool { return c.allowsSomewhere(v, "") },
	})...)
}

func (c Config) validateSets() (issues access.Issues) {
	issues.Require(len(c.PermissionSets) > 0, "permission_sets_missing", "permissionSets", "what contracts may name is needed: names and ARNs of permission sets")
	instance := ""
	for _, name := range slices.Sorted(maps.Keys(c.PermissionSets)) {
		field, arn := "permissionSets."+access.Clip(name, 40), c.PermissionSets[name]
		issues.Require(nameShape.MatchString(name), "permission_set_name", field, "AWS's names of permission sets have 1 to 32 letters, digits and _+=,.@-")
		m := setShape.FindStringSubmatch(arn)
		if m == nil || m[1] != "arn:"+c.Partition+":sso:::" {
			issues.Add("permission_set_malformed", field, "the ARN of a permission set of partition %s is needed, such as arn:aws:sso:::permissionSet/ssoins-…/ps-…", c.Partition)
			continue
		}
		issues.Require(instance == "" || instance == m[2], "permission_set_instance", field, "one target has the permission sets of one instance; this one is of %s, others are of %s", m[2], instance)
		instance = m[2]
	}
	return issues
}

func (c Config) validateAllow() (issues access.Issues) {
	issues.Require(len(c.Allow) > 0, "allow_missing", "allow", "what contracts may give is needed: permission sets and accounts")
	for i, rule := range c.Allow {
		field := fmt.Sprintf("allow[%d]", i)
		issues.Require(len(rule.PermissionSets) > 0 && len(rule.Accounts) > 0, "allow_incomplete", field, "both permissionSets and accounts are needed")
		for _, name := range rule.PermissionSets {
			_, known := c.PermissionSets[name]
			issues.Require(known, "allow_permission_set", field+".permissionSets", "%q is not one of permissionSets", access.Clip(name, 40))
		}
		for _, id := range rule.Accounts {
			issues.Require(id == everyAccount || awsapi.AccountShape.MatchString(id), "allow_account", field+".accounts", "%q is neither 12 digits, in quotes, nor *", access.Clip(id, 40))
		}
	}
	return issues
}

// allows reports whether one rule has both.
func (c Config) allows(set, account string) bool {
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		return slices.Contains(rule.PermissionSets, set) && c.reaches(rule, account)
	})
}

// allowsSomewhere reports whether some rule has the permission set, or the account. The
// other is empty.
func (c Config) allowsSomewhere(set, account string) bool {
	return slices.ContainsFunc(c.Allow, func(rule AllowConfig) bool {
		return set != "" && slices.Contains(rule.PermissionSets, set) || account != "" && c.reaches(rule, account)
	})
}

// reaches reports whether a rule has an account. No wildcard has the management
// account: whoever rules there rules the organisation, and no service control policy
// holds there.
func (c Config) reaches(rule AllowConfig, account string) bool {
	return slices.Contains(rule.Accounts, account) || account != c.Management && slices.Contains(rule.Accounts, everyAccount)
}

// instance returns the ARN of the instance that a permission set is of.
func instance(set string) string {
	m := setShape.FindStringSubmatch(set)
	if m == nil {
		return ""
	}
	return m[1] + "instance/" + m[2]
}
