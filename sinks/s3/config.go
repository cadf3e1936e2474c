// Package s3 writes events to a bucket of S3 with object lock: batches as compressed JSON
// Lines, and beside each the signed checkpoint of the log that covers it. Whoever rewrites
// Ramp's database cannot rewrite these, and the checkpoint says what the log was.
package s3

import (
	"context"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/sinks/sink"
)

// Config is one bucket.
type Config struct {
	Bucket   string `yaml:"bucket"`
	Prefix   string `yaml:"prefix,omitempty"` // of the keys, such as ramp/
	Region   string `yaml:"region"`
	Profile  string `yaml:"profile,omitempty"`  // of the shared configuration files; AWS's default credentials if empty
	Endpoint string `yaml:"endpoint,omitempty"` // of an emulator, or of another service with S3's interface
	// Lock is for how long no object can be deleted or replaced; the bucket has object lock.
	Lock Lock            `yaml:"lock"`
	Wait access.Duration `yaml:"wait,omitempty"` // for how long an event waits for others: 1m
}

// Lock is object lock's retention.
type Lock struct {
	Mode string `yaml:"mode"` // compliance, or governance, which some may lift
	Days int    `yaml:"days"`
}

const defaultWait = time.Minute

var (
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	prefixForm = regexp.MustCompile(`^[a-zA-Z0-9/_.-]{0,200}$`)
)

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) (issues access.Issues) {
	for _, is := range c.account().Validate() {
		if is.Field == "region" || is.Field == "endpoint" {
			is.Field = at + "." + is.Field
			issues = append(issues, is)
		}
	}
	issues.Require(bucketForm.MatchString(c.Bucket), "bucket_malformed", at+".bucket", "a bucket's name is needed")
	issues.Require(prefixForm.MatchString(c.Prefix), "prefix_malformed", at+".prefix", "a prefix is letters, digits and / _ . -, 200 at most")
	issues.Require(c.Lock.Mode == "compliance" || c.Lock.Mode == "governance", "lock_mode", at+".lock.mode", "the mode of object lock is compliance or governance")
	issues.Require(c.Lock.Days >= 1 && c.Lock.Days <= 36_500, "lock_days", at+".lock.days", "a number of days is needed, 1 to 36500")
	issues.Require(c.Wait == 0 || c.Wait.Std() >= time.Second && c.Wait.Std() <= time.Hour, "wait_malformed", at+".wait", "a duration is needed, 1s to 1h")
	return issues
}

func (c Config) account() awsapi.Config {
	return awsapi.Config{Region: c.Region, Profile: c.Profile, Endpoint: c.Endpoint}
}

// Open returns the sink, and calls nothing. anchor finds the checkpoints that are kept
// beside batches. Errors are of code invalid.
func (c Config) Open(anchor sink.Anchor) (*S3, error) {
	sdk, err := c.account().Load(context.Background(), nil)
	if err != nil {
		return nil, err
	}
	s := &S3{config: c, anchor: anchor, mode: types.ObjectLockModeGovernance, wait: c.Wait.Std(), now: time.Now, signedWithin: signedWithin}
	if c.Lock.Mode == "compliance" {
		s.mode = types.ObjectLockModeCompliance
	}
	if s.wait == 0 {
		s.wait = defaultWait
	}
	s.client = s3.NewFromConfig(sdk, func(o *s3.Options) { o.UsePathStyle = c.Endpoint != "" })
	return s, nil
}
