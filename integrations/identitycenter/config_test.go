package identitycenter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/awsapi"
)

func goodConfig() Config {
	return Config{Config: awsapi.Config{Region: "eu-central-1", Account: "123456789012"}, IdentityStore: "d-1234567890",
		PermissionSets: map[string]string{"Admin": "arn:aws:sso:::permissionSet/ssoins-0123456789abcdef/ps-0123456789abcdef"},
		Allow:          []AllowConfig{{PermissionSets: []string{"Admin"}, Accounts: []string{workload}}},
		DenyPolicy:     "p-examplepolicyid"}
}

func TestBadConfig(t *testing.T) {
	require.Empty(t, goodConfig().Validate("x"))
	for what, c := range map[string]struct {
		change func(*Config)
		code   string
	}{
		"no region":              {func(c *Config) { c.Region = "" }, "region_malformed"},
		"no identity store":      {func(c *Config) { c.IdentityStore = "" }, "identity_store_malformed"},
		"no permission sets":     {func(c *Config) { c.PermissionSets = nil }, "permission_sets_missing"},
		"a name with a slash":    {func(c *Config) { c.PermissionSets = map[string]string{"a/b": c.PermissionSets["Admin"]} }, "permission_set_name"},
		"a name with a wildcard": {func(c *Config) { c.PermissionSets = map[string]string{"A*": c.PermissionSets["Admin"]} }, "permission_set_name"},
		"a permission set's id":  {func(c *Config) { c.PermissionSets["Admin"] = "ps-0123456789abcdef" }, "permission_set_malformed"},
		"another partition":      {func(c *Config) { c.Partition = "aws-cn" }, "permission_set_malformed"},
		"two instances": {func(c *Config) {
			c.PermissionSets["B"] = "arn:aws:sso:::permissionSet/ssoins-aaaaaaaaaaaaaaaa/ps-0123456789abcdef"
		}, "permission_set_instance"},
		"no allow-list":            {func(c *Config) { c.Allow = nil }, "allow_missing"},
		"allow half":               {func(c *Config) { c.Allow[0].Accounts = nil }, "allow_incomplete"},
		"allow an unknown set":     {func(c *Config) { c.Allow[0].PermissionSets = []string{"Owner"} }, "allow_permission_set"},
		"allow some accounts":      {func(c *Config) { c.Allow[0].Accounts = []string{"1111*"} }, "allow_account"},
		"user by a display name":   {func(c *Config) { c.User = "displayName" }, "user_unknown"},
		"management malformed":     {func(c *Config) { c.Management = "root" }, "account_malformed"},
		"a policy's name":          {func(c *Config) { c.DenyPolicy = "ramp denials" }, "deny_policy_malformed"},
		"sessions of a day":        {func(c *Config) { c.Session = access.Duration(24 * time.Hour) }, "session_out_of_range"},
		"consistency of an hour":   {func(c *Config) { c.Consistency = access.Duration(time.Hour) }, "consistency_out_of_range"},
		"a portal in the clear":    {func(c *Config) { c.Portal = "http://example.awsapps.com/start" }, "portal_malformed"},
		"describes what is not":    {func(c *Config) { c.Describe = integrations.Described{"accounts": {{Value: "999999999999"}}} }, "describe_not_allowed"},
		"assumes a role elsewhere": {func(c *Config) { c.Assume = []awsapi.Assume{{Role: "arn:aws:iam::999999999999:role/ramp"}} }, "assume_elsewhere"},
		"assumes a user":           {func(c *Config) { c.Assume = []awsapi.Assume{{Role: "arn:aws:iam::123456789012:user/ramp"}} }, "assume_malformed"},
		"external id with blanks": {func(c *Config) {
			c.Assume = []awsapi.Assume{{Role: "arn:aws:iam::123456789012:role/ramp", ExternalID: "a b"}}
		}, "external_id_malformed"},
		"a chain without end": {func(c *Config) { c.Assume = make([]awsapi.Assume, 5) }, "assume_long"},
	} {
		t.Run(what, func(t *testing.T) {
			config := goodConfig()
			c.change(&config)
			_, err := config.Open(t.Context(), "identitycenter/test")
			require.Equal(t, access.CodeInvalid, access.CodeOf(err))
			var codes []string
			for _, issue := range access.IssuesOf(err) {
				codes = append(codes, issue.Code)
			}
			require.Contains(t, codes, c.code)
		})
	}
}

// No wildcard has the management account.
func TestManagementAccount(t *testing.T) {
	c := goodConfig()
	c.Allow[0].Accounts = []string{everyAccount}
	c = c.withDefaults()
	in := func(account string) error {
		_, err := c.entitlement(access.Entitlement{"account": account, "permissionSet": "Admin"})
		return err
	}
	require.NoError(t, in(workload))
	require.Error(t, in("123456789012"), "it is the account where Ramp works, unless the configuration says otherwise")
	c.Management = "222222222222"
	require.NoError(t, in("123456789012"))
	require.Error(t, in("222222222222"))
	c.Allow[0].Accounts = []string{"222222222222"}
	require.NoError(t, in("222222222222"), "it is listed")
}
