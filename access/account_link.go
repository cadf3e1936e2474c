package access

import "time"

// AccountLink says that an account is a human's: it counts as theirs wherever people
// are counted.
type AccountLink struct {
	Account  string    `json:"account"` // the id of the person that the account is when it signs in
	Human    string    `json:"human"`
	LinkedBy string    `json:"linkedBy"` // an operator's id; ActorRamp for one of the servers' configuration
	LinkedAt time.Time `json:"linkedAt"` // UTC
	// Unproven says that what is recorded is not as a server signed it last. The account
	// is nobody's then, until it is linked or unlinked again.
	Unproven bool `json:"unproven,omitempty"`
}
