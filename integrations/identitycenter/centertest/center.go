package centertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/stretchr/testify/require"
)

// Instance is what an instance has before Ramp comes.
type Instance struct {
	IdentityStore  string
	PermissionSets map[string]string // ReadOnly and Admin, each with its ARN
	DenyPolicy     string            // id of a service control policy that denies nobody anything
}

// Seed is the deny policy as an administrator makes it.
const Seed = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringEquals":{"identitystore:UserId":"nobody"}}}]}`

// Fill makes an organisation, two permission sets and a deny policy, as an administrator
// whose calls pass a Cloud.
func Fill(t testing.TB, admin aws.Config) Instance {
	t.Helper()
	ctx := context.Background()
	sso, org := ssoadmin.NewFromConfig(admin), organizations.NewFromConfig(admin)
	instances, err := sso.ListInstances(ctx, &ssoadmin.ListInstancesInput{})
	require.NoError(t, err)
	of := instances.Instances[0]
	out := Instance{IdentityStore: aws.ToString(of.IdentityStoreId), PermissionSets: map[string]string{}}
	for _, name := range []string{"ReadOnly", "Admin"} {
		made, err := sso.CreatePermissionSet(ctx, &ssoadmin.CreatePermissionSetInput{InstanceArn: of.InstanceArn, Name: &name, SessionDuration: aws.String("PT1H")})
		require.NoError(t, err)
		out.PermissionSets[name] = aws.ToString(made.PermissionSet.PermissionSetArn)
	}
	_, err = org.CreateOrganization(ctx, &organizations.CreateOrganizationInput{FeatureSet: orgtypes.OrganizationFeatureSetAll})
	require.NoError(t, err)
	policy, err := org.CreatePolicy(ctx, &organizations.CreatePolicyInput{Name: aws.String("ramp-denials"), Description: aws.String("Ramp's"),
		Type: orgtypes.PolicyTypeServiceControlPolicy, Content: aws.String(Seed)})
	require.NoError(t, err)
	out.DenyPolicy = aws.ToString(policy.Policy.PolicySummary.Id)
	return out
}

// AddUser makes a user, and returns its id.
func AddUser(t testing.TB, store *identitystore.Client, of, name string) string {
	t.Helper()
	made, err := store.CreateUser(context.Background(), &identitystore.CreateUserInput{IdentityStoreId: &of, UserName: &name, DisplayName: &name,
		Name: &idtypes.Name{GivenName: aws.String("P"), FamilyName: aws.String("Q")}, Emails: []idtypes.Email{{Value: &name, Primary: true}}})
	require.NoError(t, err)
	return aws.ToString(made.UserId)
}

// Serve serves the cloud in front of moto, for other processes, and returns its address.
func (c *Cloud) Serve(t testing.TB, moto string) string {
	t.Helper()
	to, err := url.Parse(moto)
	require.NoError(t, err)
	front := httptest.NewServer(&httputil.ReverseProxy{Transport: c, Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }})
	t.Cleanup(front.Close)
	return front.URL
}

var _ http.RoundTripper = (*Cloud)(nil)
