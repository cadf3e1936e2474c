// Package awsiam opens access to AWS: for each grant one IAM role, which only
// the requester (or Ramp, for the requester) may assume.
//
// The end of access stands in AWS itself: the role's trust policy and its inline
// policy hold a date, and AWS compares it with its own clock on every call. So
// sessions end on the second though AWS issues none shorter than a quarter of
// an hour, and they end when nothing of Ramp's runs any more.
package awsiam
