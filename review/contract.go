package review

import "ramp.dev/ramp/access"

// Contract is what a review needs to know of a contract in force.
type Contract struct {
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Owner   string   `json:"owner,omitempty"`
	Targets []string `json:"targets,omitempty"`
	// Groups are those that its condition request.who names: whose members may ask.
	Groups []string        `json:"groups,omitempty"`
	Usual  access.Duration `json:"usual"` // duration.default
	Max    access.Duration `json:"max"`   // duration.max
	// Automatic says that the contract itself may approve, AutoUpTo up to which length; 0 is
	// up to Max.
	Automatic bool            `json:"automatic,omitempty"`
	AutoUpTo  access.Duration `json:"autoUpTo,omitempty"`
	// Stages says that people may approve, and Approvals how many must in each stage, by its
	// name: without those that can be met in several ways.
	Stages    bool           `json:"stages,omitempty"`
	Approvals map[string]int `json:"approvals,omitempty"`
	// Params are the values from which the requester chooses, by the name of the param: those
	// with an enum only.
	Params map[string][]string `json:"params,omitempty"`
	// Since is for how long the contract has been in force under this name, as far as the log
	// says; zero where it does not.
	Since access.Duration `json:"since,omitempty"`
}
