package s3_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/ed25519"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	client "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/s3"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
)

const bucket = "ramp-events"

// store is a bucket with object lock, as moto keeps it.
type store struct {
	t      testing.TB
	admin  *client.Client
	config s3.Config
	wire   sinktest.Wire
}

// newStore runs an emulator until the test ends; lock is object lock.
func newStore(t testing.TB, lock bool) *store {
	server := awstest.Start(t)
	server.Setenv(t)
	s := &store{t: t, wire: sinktest.NewWire(t, strings.TrimPrefix(server.Endpoint, "http://"))}
	sdk, err := awsapi.Config{Region: awstest.Region, Endpoint: server.Endpoint}.Load(t.Context(), nil)
	require.NoError(t, err)
	s.admin = client.NewFromConfig(sdk, func(o *client.Options) { o.UsePathStyle = true })
	_, err = s.admin.CreateBucket(t.Context(), &client.CreateBucketInput{Bucket: aws.String(bucket), ObjectLockEnabledForBucket: aws.Bool(lock),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: awstest.Region}})
	require.NoError(t, err)
	s.config = s3.Config{Bucket: bucket, Prefix: "ramp/", Region: awstest.Region, Endpoint: "http://" + s.wire.Address(), Lock: s3.Lock{Mode: "compliance", Days: 400}, Wait: access.Duration(time.Second)}
	return s
}

// objects returns what the bucket has under names with an ending, by name.
func (s *store) objects(ending string) (names []string, bodies [][]byte) {
	ctx := context.WithoutCancel(s.t.Context())
	list, err := s.admin.ListObjectsV2(ctx, &client.ListObjectsV2Input{Bucket: aws.String(bucket)})
	require.NoError(s.t, err)
	for _, o := range list.Contents {
		if strings.HasSuffix(*o.Key, ending) {
			names = append(names, *o.Key)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		o, err := s.admin.GetObject(ctx, &client.GetObjectInput{Bucket: aws.String(bucket), Key: &name})
		require.NoError(s.t, err)
		body, err := io.ReadAll(o.Body)
		require.NoError(s.t, err)
		bodies = append(bodies, body)
	}
	return names, bodies
}

func (s *store) received() (out [][]byte) {
	_, packed := s.objects(".jsonl.gz")
	for _, one := range packed {
		r, err := gzip.NewReader(bytes.NewReader(one))
		require.NoError(s.t, err)
		text, err := io.ReadAll(r)
		require.NoError(s.t, err)
		out = append(out, bytes.Split(bytes.TrimSpace(text), []byte{'\n'})...)
	}
	return out
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	s := newStore(t, true)
	return sinktest.Harness{Config: sinks.Config{S3: &s.config}, Received: s.received, Faults: append(s.wire.Faults(), s.wire.Tear(500)), Once: true}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

// anchored returns checkpoints of one size, signed by a server.
func anchored(size int64) (sink.Anchor, evidence.Keyring) {
	_, key, _ := ed25519.GenerateKey(nil)
	server := evidence.NewSigner(key)
	return func(context.Context) (int64, string, error) {
		signed, err := server.SignCheckpoint(evidence.Checkpoint{Origin: "ramp.example.com/log", Size: size})
		return size, signed, err
	}, evidence.NewKeyring(server.Public())
}

// TestLockedWithItsCheckpoint: a batch and the checkpoint that covers it are beside each
// other, and nobody deletes either before the time.
func TestLockedWithItsCheckpoint(t *testing.T) {
	store := newStore(t, true)
	anchor, keys := anchored(8)
	s, err := store.config.Open(anchor)
	require.NoError(t, err)
	require.NoError(t, s.Ping(t.Context()))
	at := time.Date(2026, 11, 26, 23, 59, 0, 0, time.UTC)
	n, err := s.Send(t.Context(), []sink.Message{{Seq: 7, At: at, Body: []byte(`{"id":"7"}`)}, {Seq: 8, At: at, Body: []byte(`{"id":"8"}`)}})
	require.NoError(t, err)
	require.Equal(t, 2, n)
	names, _ := store.objects("")
	require.Equal(t, []string{"ramp/2026/11/26/00000000000000000007-00000000000000000008.checkpoint", "ramp/2026/11/26/00000000000000000007-00000000000000000008.jsonl.gz"}, names)
	_, kept := store.objects(".checkpoint")
	c, err := keys.VerifyCheckpoint(string(kept[0]))
	require.NoError(t, err)
	require.EqualValues(t, 8, c.Size)
	require.Equal(t, [][]byte{[]byte(`{"id":"7"}`), []byte(`{"id":"8"}`)}, store.received())
	for _, name := range names {
		head, err := store.admin.HeadObject(t.Context(), &client.HeadObjectInput{Bucket: aws.String(bucket), Key: &name})
		require.NoError(t, err)
		require.Equal(t, types.ObjectLockModeCompliance, head.ObjectLockMode)
		require.WithinDuration(t, time.Now().AddDate(0, 0, 400), *head.ObjectLockRetainUntilDate, time.Hour)
		_, err = store.admin.DeleteObject(t.Context(), &client.DeleteObjectInput{Bucket: aws.String(bucket), Key: &name, VersionId: head.VersionId})
		require.Error(t, err)
	}
}

// TestCase114NoCheckpointNoBatch: a log that no server signs up to an event, or that
// somebody else signed, is not archived as if it were sound.
func TestCase114NoCheckpointNoBatch(t *testing.T) {
	store := newStore(t, true)
	short, _ := anchored(8)
	forged := func(context.Context) (int64, string, error) {
		return 0, "", access.Errorf(access.CodeEvidence, "the checkpoint is not signed by a trusted key")
	}
	none := func(context.Context) (int64, string, error) {
		return 0, "", access.Errorf(access.CodeNotFound, "no server has signed the log yet")
	}
	unsigned := "no server has signed the log up to event 9 yet"
	for _, try := range []struct {
		want   string
		anchor sink.Anchor
	}{{unsigned, short}, {unsigned, none}, {"the checkpoint is not signed by a trusted key", forged}} {
		s, err := store.config.Open(try.anchor)
		require.NoError(t, err)
		s.SignedWithin(time.Millisecond)
		_, err = s.Send(t.Context(), []sink.Message{{Seq: 9, Body: []byte(`{}`)}})
		require.EqualError(t, err, try.want)
	}
	names, _ := store.objects("")
	require.Empty(t, names)
}

func TestBucketWithoutLock(t *testing.T) {
	store := newStore(t, false)
	s, err := store.config.Open(nil)
	require.NoError(t, err)
	require.Error(t, s.Ping(t.Context()))
}

func TestValidate(t *testing.T) {
	c := s3.Config{Bucket: "b-1", Region: "eu-central-1", Lock: s3.Lock{Mode: "governance", Days: 1}}
	require.Empty(t, c.Validate("s"))
	require.Len(t, s3.Config{Prefix: "ü", Endpoint: "http://client.example.com", Wait: access.Duration(time.Millisecond)}.Validate("s"), 7)
}
