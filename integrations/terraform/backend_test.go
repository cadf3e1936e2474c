package terraform

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/awsiam/awstest"
)

// bucket is a bucket for states, on an emulated S3 that all tests of a program share.
type bucket struct {
	t       *testing.T
	address string
}

func newBucket(t *testing.T) bucket {
	b := bucket{t, awstest.Start(t).Endpoint + "/ramp-states"}
	b.call(http.MethodPut, "", nil)
	return b
}

func (b bucket) call(method, path string, body []byte) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.address+path, bytes.NewReader(body))
	require.NoError(b.t, err)
	// The emulator asks who deletes, and does not look at signatures.
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=admin/20260101/us-east-1/s3/aws4_request")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(b.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(b.t, err)
	require.Less(b.t, resp.StatusCode, 300, "%s %s: %s", method, path, text)
	return string(text)
}

var keyOf = regexp.MustCompile(`<Key>([^<]*)</Key>`)

// keys returns the names of all objects.
func (b bucket) keys() (keys []string) {
	for _, m := range keyOf.FindAllStringSubmatch(b.call(http.MethodGet, "?list-type=2", nil), -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// remote makes a configuration keep its states in the bucket.
func (b bucket) remote(c *Config) {
	c.Backend = &Backend{Type: "s3", Settings: map[string]string{"bucket": "ramp-states", "key": "terraform.tfstate", "region": awstest.Region, "use_lockfile": "true",
		"use_path_style": "true", "skip_credentials_validation": "true", "skip_requesting_account_id": "true", "skip_metadata_api_check": "true", "skip_s3_checksum": "true"}}
	c.Settings = map[string]string{"AWS_ENDPOINT_URL_S3": strings.TrimSuffix(b.address, "/ramp-states"), "AWS_ACCESS_KEY_ID": "admin", "AWS_SECRET_ACCESS_KEY": "admin",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required"}
	c.LockTimeout = access.Duration(time.Second)
}

// TestRemoteBackend: states are in a bucket, in a workspace for each grant.
func TestRemoteBackend(t *testing.T) {
	t.Parallel()
	eachProgram(t, func(t *testing.T, program string) {
		b := newBucket(t)
		t.Run("life", func(t *testing.T) {
			s := newSite(t, program, map[string]string{"main.tf": door}, b.remote)
			target, g := s.guarded(), s.grant()
			back, err := target.Inspect(t.Context(), g)
			require.NoError(t, err)
			require.True(t, back.Gone())
			require.NoError(t, target.Grant(t.Context(), g))
			require.Contains(t, b.keys(), "env:/"+g.Name+"/terraform.tfstate")
			require.NoError(t, target.Ping(t.Context()))
			c, err := target.Mint(t.Context(), g)
			require.NoError(t, err)
			require.NoError(t, s.use(t.Context(), g, c))
			g.ExpiresAt = g.ExpiresAt.Add(time.Minute)
			require.NoError(t, target.Extend(t.Context(), g))
			differences, err := target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.Empty(t, differences)
			require.NoError(t, os.WriteFile(s.door(g.Name), []byte("by hand"), 0o600))
			differences, err = target.Drift(t.Context(), g)
			require.NoError(t, err)
			require.NotEmpty(t, differences)
			require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
			require.Empty(t, b.keys())
			s.nothing(g)
		})
		t.Run("another worker, which has no record, ends it", func(t *testing.T) {
			s := newSite(t, program, map[string]string{"main.tf": door}, b.remote)
			g := s.grant()
			require.NoError(t, s.guarded().Grant(t.Context(), g))
			other := *s
			other.config.Directory = field.File(t.TempDir())
			target := other.guarded()
			listed, err := target.List(t.Context())
			require.NoError(t, err)
			require.Len(t, listed, 1)
			require.Equal(t, g.ExpiresAt, listed[0].ExpiresAt)
			back, err := target.Inspect(t.Context(), access.Grant{Name: g.Name})
			require.NoError(t, err)
			require.True(t, back.Open)
			require.NoError(t, target.Revoke(t.Context(), access.Grant{Name: g.Name}))
			require.NoFileExists(t, s.door(g.Name))
			require.Empty(t, b.keys())
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}), "the first worker finds it gone")
			s.nothing(g)
		})
		t.Run("a worker that was killed leaves its lock", func(t *testing.T) {
			s := newSite(t, program, map[string]string{"main.tf": slow}, b.remote)
			s.change(func(m *Module) { m.Adopts = true })
			g := s.grant()
			w := s.workerWith(helperTask{Operation: "grant", Grant: g, Bucket: b.address})
			s.eventually("the second door stands open", func() bool { return exists(s.door(g.Name) + ".second") })
			s.kill(w)
			lock := "env:/" + g.Name + "/terraform.tfstate.tflock"
			require.Contains(t, b.keys(), lock)
			require.NoError(t, os.WriteFile(filepath.Join(s.doors, "go"), nil, 0o600))
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
			require.NoFileExists(t, s.door(g.Name)+".second")
			require.Empty(t, b.keys())
			s.nothing(g)
		})
		t.Run("somebody else's lock stays", func(t *testing.T) {
			s := newSite(t, program, map[string]string{"main.tf": door}, b.remote)
			g := s.grant()
			require.NoError(t, s.guarded().Grant(t.Context(), g))
			lock := "/env:/" + g.Name + "/terraform.tfstate.tflock"
			b.call(http.MethodPut, lock, fmt.Appendf(nil, `{"ID":"5ac1e8e0-0000-4000-8000-000000000000","Operation":"OperationTypeApply","Info":"","Who":"somebody@else","Version":"1.11.4","Created":"%s","Path":"x"}`,
				time.Now().UTC().Format(time.RFC3339Nano)))
			err := s.guarded().Revoke(context.Background(), access.Grant{Name: g.Name})
			require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "%v", err)
			require.ErrorContains(t, err, "lock")
			require.Contains(t, b.keys(), lock[1:])
			require.FileExists(t, s.door(g.Name))
			b.call(http.MethodDelete, lock, nil)
			require.NoError(t, s.guarded().Revoke(t.Context(), access.Grant{Name: g.Name}))
			require.Empty(t, b.keys())
			s.nothing(g)
		})
	})
}
