package s3

import "time"

// SignedWithin sets for how long a checkpoint is waited for.
func (s *S3) SignedWithin(d time.Duration) { s.signedWithin = d }
