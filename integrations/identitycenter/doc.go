// Package identitycenter gives people permission sets in AWS accounts, as account
// assignments of AWS IAM Identity Center. Several grants may need one assignment: it
// stays until the last of them ends (see integrations.Holders).
package identitycenter
