package contracts

// Contract is the checked policy for one kind of access. It is immutable.
type Contract struct {
	Name        string
	Owner       string
	Description string
	Labels      map[string]string
	Version     string // "sha256:" and the hash of Text
	Text        string // the contract as it was written, without comments
	Targets     []string

	terms terms
	at    func(path ...any) string // where a field is written, as file:line:column
}

// BaseName returns the name of the contract's base; "" if it has none.
func (c *Contract) BaseName() string { return c.terms.base.Base }

// Set is every contract of one directory, as of one moment.
type Set struct {
	Version   string // changes with any contract of the set
	Contracts []*Contract
	Bases     []*Base // by name
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

// Names lists the contracts in alphabetical order.
func (s *Set) Names() []string {
	out := make([]string, len(s.Contracts))
	for i, c := range s.Contracts {
		out[i] = c.Name
	}
	return out
}
