package gcpiam

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations"
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
