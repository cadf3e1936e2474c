// Package gcpiam gives roles of Google Cloud IAM on listed projects, folders and buckets: one
// role binding for each grant, whose condition ends it on time by Google's own clock and whose
// title is the grant's name (https://cloud.google.com/iam/docs/conditions-overview). Policies
// are read, changed and written back under their etag, so that nobody's change is lost.
package gcpiam
