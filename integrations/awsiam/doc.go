// Package awsiam is the target for AWS. Each grant is one IAM role, which only the
// requester (or Ramp, for the requester) may assume.
//
// AWS itself ends the access: the role's trust policy and its inline policy contain
// a date, and AWS compares it with its own clock on every call. So sessions end to
// the second, though AWS issues none shorter than 15 minutes, and they end when
// nothing of Ramp runs any more.
package awsiam
