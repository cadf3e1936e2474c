package s3

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/sinks/sink"
)

// S3 implements sink.Sink.
type S3 struct {
	config       Config
	client       *s3.Client
	anchor       sink.Anchor
	mode         types.ObjectLockMode
	wait         time.Duration
	signedWithin time.Duration
	now          func() time.Time
}

var _ sink.Sink = (*S3)(nil)

const (
	callWithin   = 30 * time.Second
	signedWithin = 30 * time.Second // servers sign a log that grows every ten seconds
	askEvery     = 500 * time.Millisecond
)

// Batch implements sink.Sink.
func (s *S3) Batch() (int, time.Duration) { return 20_000, s.wait }

// Ping implements sink.Sink: it asks whether the bucket has object lock.
func (s *S3) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	out, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.config.Bucket})
	if err != nil {
		return failed("asking for the bucket's object lock", err)
	}
	if out.ObjectLockConfiguration == nil || out.ObjectLockConfiguration.ObjectLockEnabled != types.ObjectLockEnabledEnabled {
		return access.Errorf(access.CodeInvalid, "the bucket has no object lock: it is enabled when a bucket is made")
	}
	return nil
}

// Send implements sink.Sink. A batch has taken nothing before its checkpoint is there too.
func (s *S3) Send(ctx context.Context, messages []sink.Message) (int, error) {
	first, last := messages[0].Seq, messages[len(messages)-1].Seq
	checkpoint, err := s.covering(ctx, last)
	if err != nil {
		return 0, err
	}
	var packed bytes.Buffer
	lines := gzip.NewWriter(&packed)
	for _, m := range messages {
		if _, err := fmt.Fprintf(lines, "%s\n", m.Body); err != nil {
			return 0, err
		}
	}
	if err := lines.Close(); err != nil {
		return 0, err
	}
	name := fmt.Sprintf("%s%s/%020d-%020d", s.config.Prefix, messages[0].At.UTC().Format("2006/01/02"), first, last)
	if err := s.put(ctx, name+".jsonl.gz", "application/gzip", packed.Bytes()); err != nil {
		return 0, err
	}
	if err := s.put(ctx, name+".checkpoint", "text/plain; charset=utf-8", []byte(checkpoint)); err != nil {
		return 0, err
	}
	return len(messages), nil
}

// covering waits for a checkpoint that has an event in it, and returns it. Errors are of
// code evidence for one that no trusted server signed, and unavailable if there is none in
// time: a log that servers do not sign has lost what they signed before, or no server runs.
func (s *S3) covering(ctx context.Context, seq int64) (string, error) {
	late := time.NewTimer(s.signedWithin)
	defer late.Stop()
	for {
		size, signed, err := s.anchor(ctx)
		if err == nil && size >= seq {
			return signed, nil
		}
		if err != nil && access.CodeOf(err) != access.CodeNotFound {
			return "", err
		}
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-late.C:
			return "", access.Errorf(access.CodeUnavailable, "no server has signed the log up to event %d yet", seq)
		case <-time.After(askEvery):
		}
	}
}

func (s *S3) put(ctx context.Context, key, kind string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &s.config.Bucket, Key: &key, Body: bytes.NewReader(body), ContentType: &kind,
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ObjectLockMode: s.mode, ObjectLockRetainUntilDate: aws.Time(s.now().UTC().AddDate(0, 0, s.config.Lock.Days))})
	if err != nil {
		return failed("writing "+key, err)
	}
	return nil
}

// failed returns an error of S3 without the address.
func failed(what string, err error) error {
	var said smithy.APIError
	if errors.As(err, &said) {
		return access.Errorf(access.CodeUnavailable, "%s: S3 returns %s", what, plaintext.Line(said.ErrorCode(), 100))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return access.Errorf(access.CodeUnavailable, "%s: S3 does not respond in time", what)
	}
	return access.Errorf(access.CodeUnavailable, "%s: S3 cannot be reached, or there are no credentials for it", what)
}
