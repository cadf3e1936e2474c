package access

// RecordKind is the kind of a record about people that a server signs and the ledger
// keeps. One never passes for another.
type RecordKind string

const (
	RecordDirectory      RecordKind = "directory"       // what the directory is used for
	RecordUser           RecordKind = "directory-user"  // who somebody is, and whether they have left
	RecordGroup          RecordKind = "directory-group" // who is in a group
	RecordLink           RecordKind = "account-link"    // whose account one is
	RecordExternalLink   RecordKind = "external-link"   // which person a user of another program is
	RecordLinkCode       RecordKind = "link-code"       // who got a code to link by
	RecordContractUpload RecordKind = "contract-upload" // who wrote a set of contracts
	RecordRemoval        RecordKind = "removal"         // which bodies a policy removed
)
