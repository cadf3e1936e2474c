package awsiam

import (
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/awsapi"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got+"\n"), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got+"\n")
}

// The policies, to the letter: anybody who changes one sees it in review.
func TestPolicies(t *testing.T) {
	ends := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	golden(t, "permissions.json", permissions(listed([]string{"s3:GetObject", "s3:ListBucket"}, []string{"arn:aws:s3:::orders", orders}), ends))
	golden(t, "revoked.json", denial())
	c := goodConfig()
	named := c.withDefaults().partsOf(written{Bucket: "orders", Prefix: "2026/", Key: someKey, Access: accessWrite})
	golden(t, "permissions_named.json", permissions(entitlement{parts: named}, ends))
	golden(t, "trust_worker.json", c.trust("alice", ends))
	c.Trust = TrustConfig{ARN: "arn:aws:iam::123456789012:role/engineers", SourceIdentity: true}
	golden(t, "trust_both.json", c.trust("alice", ends))
	c.Worker, c.Trust = "", TrustConfig{ARN: "arn:aws:sts::123456789012:assumed-role/Engineers/{{ principal }}"}
	golden(t, "trust_requester.json", c.trust("alice", ends))
	// Times of other zones mean the same second.
	require.Equal(t, c.trust("alice", ends), c.trust("alice", ends.In(time.FixedZone("east", 7200))))
}

func TestEndOf(t *testing.T) {
	ends := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	trust := goodConfig().trust("a+b@example.com", ends)
	require.Equal(t, ends, awsapi.EndOf(url.PathEscape(trust)))
	require.Equal(t, ends, awsapi.EndOf(url.QueryEscape(trust)), "no spaces in it, so both ways of encoding agree")
	for what, text := range map[string]string{
		"nothing": "", "no JSON": "{", "bad encoding": "%zz", "no end": `{"Statement":[{"Effect":"Allow"}]}`,
		"one without": `{"Statement":[{"Effect":"Allow","Condition":{"DateLessThan":{"aws:CurrentTime":"2026-01-02T03:04:05Z"}}},{"Effect":"Allow"}]}`,
		"no date":     `{"Statement":[{"Effect":"Allow","Condition":{"DateLessThan":{"aws:CurrentTime":"soon"}}}]}`,
	} {
		require.Zero(t, awsapi.EndOf(url.PathEscape(text)), what)
	}
}
