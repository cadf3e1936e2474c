// Package scim lets an identity provider provision who there is, who is in
// which group, and above all who has left (SCIM 2.0, RFC 7643 and 7644), in the
// shapes that Okta and Entra ID send. What it hears goes into the ledger; package
// directorysync ends requests and recounts approvals by it.
package scim
