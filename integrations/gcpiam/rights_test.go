package gcpiam

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/gcpiam/gcptest"
)

// TestRights: an account that may read and write the policies, and no more, has just what is
// needed; one that may less or more is said to, on each resource.
func TestRights(t *testing.T) {
	w := start(t)
	rights := func() integrations.Rights {
		r, err := w.open(t, nil).Rights(t.Context())
		require.NoError(t, err)
		return r
	}
	require.Equal(t, integrations.Rights{}, rights())

	w.Lacks["resourcemanager.folders.setIamPolicy"], w.Lacks["storage.buckets.getIamPolicy"] = true, true
	require.Equal(t, []string{"storage.buckets.getIamPolicy on " + bucket, "resourcemanager.folders.setIamPolicy on " + folder}, rights().Lacks)
	clear(w.Lacks)

	for _, one := range []string{"iam.serviceAccountKeys.create", "storage.objects.get", "resourcemanager.projects.delete"} {
		w.More[one] = true
	}
	require.Equal(t, integrations.Rights{TooMuch: []string{"storage.objects.get on " + bucket,
		"iam.serviceAccountKeys.create on " + folder, "storage.objects.get on " + folder,
		"iam.serviceAccountKeys.create on " + project, "resourcemanager.projects.delete on " + project, "storage.objects.get on " + project}}, rights())

	w.Odd["secretmanager.versions.access"] = true
	odd := rights()
	require.Equal(t, []string{"storage.objects.get on " + bucket}, odd.TooMuch)
	require.Len(t, odd.Unknown, 2)
	require.Contains(t, odd.Unknown[0], "secretmanager.versions.access")
	require.Empty(t, odd.Lacks)
}

// TestCase160Roles: a role by which access would not end is refused, Google's own and custom
// ones, also when it becomes one later, and when Google does not say what it gives. What is
// open in it ends all the same.
func TestCase160Roles(t *testing.T) {
	const custom = "projects/orders-prod/roles/debugger"
	w := start(t)
	w.config.Allow[0].Roles = append(w.config.Allow[0].Roles, custom)
	w.config.Allow[1].Roles = append(w.config.Allow[1].Roles, custom)
	debug, files := access.Entitlement{"resource": project, "role": custom}, access.Entitlement{"resource": bucket, "role": custom}
	one := w.open(t, nil)
	is := func(role string, permissions ...string) {
		w.Lock()
		defer w.Unlock()
		w.Roles[role] = gcptest.Role{Permissions: permissions}
	}
	narrow := []string{"compute.instances.get", "iam.roles.get", "iam.serviceAccounts.get", "resourcemanager.projects.getIamPolicy"}
	is(custom, narrow...)
	require.NoError(t, one.Ping(t.Context()))
	open := grantFor(w.person(t), debug)
	require.NoError(t, one.Grant(t.Context(), open))
	refused := func(what string, e access.Entitlement) {
		g := grantFor(w.person(t), e)
		err := one.Grant(t.Context(), g)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s: %v", what, err)
		require.Contains(t, err.Error(), what)
		there, err := one.Inspect(t.Context(), g)
		require.NoError(t, err)
		require.False(t, there.Open, what)
		err = one.Ping(t.Context())
		require.Equal(t, access.CodeConflict, access.CodeOf(err), "%s: %v", what, err)
		require.Contains(t, err.Error(), what)
	}
	for _, what := range append(lastingPermissions(), "resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.setIamPolicy", "pubsub.topics.setIamPolicy", "storage.objects.setIamPolicy") {
		is(custom, append(narrow, what)...)
		refused(what, debug)
		later := open
		later.ExpiresAt = open.ExpiresAt.Add(time.Hour)
		err := one.Extend(t.Context(), later)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%s: an extension is new access: %v", what, err)
	}
	is(custom, narrow...)

	// Google's own, which this version does not know by name.
	is("roles/pubsub.viewer", "pubsub.topics.get", "pubsub.topics.setIamPolicy")
	refused("pubsub.topics.setIamPolicy", access.Entitlement{"resource": project, "role": "roles/pubsub.viewer"})
	is("roles/pubsub.viewer", "pubsub.topics.get")

	// In a bucket that takes conditions, the lists of single objects count for nothing.
	w.config.Allow[0].Roles = []string{viewer}
	one = w.open(t, nil)
	is(custom, "storage.objects.get", "storage.objects.setIamPolicy")
	require.NoError(t, one.Ping(t.Context()))
	require.NoError(t, one.Grant(t.Context(), grantFor(w.person(t), files)))
	is(custom, "storage.objects.get", "storage.buckets.setIamPolicy")
	refused("storage.buckets.setIamPolicy", files)

	is(custom) // as a reply that has none of it reads
	require.Equal(t, access.CodeUnavailable, access.CodeOf(one.Grant(t.Context(), grantFor(w.person(t), files))))
	w.Secret = true
	require.Equal(t, access.CodeForbidden, access.CodeOf(one.Grant(t.Context(), grantFor(w.person(t), files))))
	require.Equal(t, access.CodeForbidden, access.CodeOf(one.Ping(t.Context())))
	rights, err := one.Rights(t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"iam.roles.get, to read what " + custom + " gives"}, rights.Lacks)
	w.Secret = false
	w.Roles[custom] = gcptest.Role{Permissions: narrow, Deleted: true}
	refused("no role "+custom, files)
	delete(w.Roles, custom)
	refused("no role "+custom, files)

	require.NoError(t, one.Revoke(t.Context(), open))
	there, err := one.Inspect(t.Context(), open)
	require.NoError(t, err)
	require.False(t, there.Open)
}

// TestCase165KeysThatNoPolicyShows: a key of a service account that is none of its own kind, and
// a binding within a cluster, outlive the role as a policy does.
func TestCase165KeysThatNoPolicyShows(t *testing.T) {
	for _, what := range []string{"storage.hmacKeys.create", "iam.serviceAccountApiKeyBindings.create", "container.clusterRoleBindings.create",
		"container.clusterRoleBindings.update", "container.roleBindings.create", "container.roleBindings.update"} {
		require.Equal(t, what, lasting([]string{"compute.instances.get", what}, project))
	}
	require.Empty(t, lasting([]string{"storage.hmacKeys.list", "container.roleBindings.get", "container.pods.create"}, project))
}
