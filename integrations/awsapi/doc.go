// Package awsapi is what targets on AWS share: an account's configuration, what AWS's
// errors mean, lists of many pages, and policies.
package awsapi
