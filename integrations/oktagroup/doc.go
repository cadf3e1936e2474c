// Package oktagroup makes people members of listed groups of Okta
// (https://developer.okta.com/docs/api/openapi/okta-management/management/tag/Group/). A person
// is in a group or is not, so grants of the same share a membership, and the ledger counts who
// holds it.
package oktagroup
