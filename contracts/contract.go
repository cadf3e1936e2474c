package contracts

import "ramp.dev/ramp/access"

// Contract is the checked policy for one kind of access. It is immutable.
type Contract struct {
	Name        string
	Owner       string
	Description string
	Labels      map[string]string
	Version     string // sha256 over Text
	Text        string // the contract as it was written
	Targets     []string

	who     condition
	params  map[string]param
	reason  reasonRule
	ticket  ticketRule
	length  lengthRule
	grants  []grantTemplate
	pending access.Duration
	auto    *condition
	stages  []stage
	deny    int
	self    bool
	passkey bool
	extend  *access.ExtensionLimits
	stepUp  access.StepUp
}

type param struct {
	Kind        string // string, int or bool
	Enum        []string
	Pattern     *pattern
	MaxLength   int
	Min, Max    *number
	Required    bool
	Default     any
	Description string
}

type reasonRule struct {
	Optional  bool
	MinLength int
	MaxLength int
}

type ticketRule struct {
	Required bool
	When     *condition
	Pattern  *pattern
}

type lengthRule struct {
	Default          access.Duration
	Max              access.Duration
	JustifyOver      access.Duration // 0: never
	JustifyMinLength int
}

type grantTemplate struct {
	Target      string
	Entitlement map[string]any
}

type stage struct {
	access.Stage
	When *condition
}

// Set is every contract of one directory, as of one moment.
type Set struct {
	Version   string // over all of them
	Contracts []*Contract
}

// Find looks a contract up by name.
func (s *Set) Find(name string) (*Contract, bool) {
	for _, c := range s.Contracts {
		if c.Name == name {
			return c, true
		}
	}
	return nil, false
}

// Names lists the contracts, in order.
func (s *Set) Names() []string {
	out := make([]string, len(s.Contracts))
	for i, c := range s.Contracts {
		out[i] = c.Name
	}
	return out
}
