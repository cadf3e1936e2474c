package terraform

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// record is what Ramp knows of one grant. It is written before anything is made, and is
// gone when nothing is left.
type record struct {
	Grant     string         `json:"grant"`
	Principal string         `json:"principal"`
	ExpiresAt time.Time      `json:"expiresAt"` // UTC, whole seconds: the latest end that was ordered
	AppliedAt time.Time      `json:"appliedAt"` // UTC: the end with which the module was applied last; zero before
	Module    string         `json:"module"`    // its name in the configuration
	Digest    string         `json:"digest"`    // of the module's files
	Inputs    map[string]any `json:"inputs"`    // all variables but the grant's own
	Variables map[string]any `json:"variables"` // those that the contract has set
	// GrantVariable and Adopts are the module's in the configuration that opened it: by the
	// end, the module may have others there, or be in no configuration.
	GrantVariable string `json:"grantVariable,omitempty"`
	Adopts        bool   `json:"adopts,omitempty"`
	Plan          string `json:"plan"` // digest of the plan that was approved and applied
	// Opened says that the apply ended well. Running says that the program is, or was when
	// the worker died, changing something.
	Opened  bool `json:"opened"`
	Running bool `json:"running,omitempty"`
	// Since is when the first run began that has not ended well since: a lock in the remote
	// backend that is younger and of this machine is that run's. UTC; zero if there is none.
	Since time.Time `json:"since,omitzero"`
	// Creates are the resources that the plan makes. Unknown are those of them of which,
	// after the program was killed, nobody knows whether they were made.
	Creates []string `json:"creates,omitempty"`
	Unknown []string `json:"unknown,omitempty"`
	// Outputs are the names of the outputs that are handed out.
	Outputs []string        `json:"outputs,omitempty"`
	State   json.RawMessage `json:"state,omitempty"` // the program's own; empty with a remote backend
}

// sameTerms reports whether a record is of what g asks for.
func (r *record) sameTerms(g access.Grant, w wanted) bool {
	return r.Principal == g.Principal && r.Module == w.module.name && r.Digest == w.module.digest && sameJSON(r.Variables, w.variables)
}

func sameJSON(a, b map[string]any) bool {
	x, errX := json.Marshal(a) // keys in order
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// state is what Ramp reads of a state, version 4, which is the only one since Terraform
// 0.12 and in all of OpenTofu.
type state struct {
	Version   int                    `json:"version"`
	Serial    int64                  `json:"serial"`
	Lineage   string                 `json:"lineage"`
	Outputs   map[string]stateOutput `json:"outputs"`
	Resources []stateResource        `json:"resources"`
}

type stateOutput struct {
	Value json.RawMessage `json:"value"`
}

type stateResource struct {
	Module    string          `json:"module"`
	Mode      string          `json:"mode"`
	Type      string          `json:"type"`
	Name      string          `json:"name"`
	Instances []stateInstance `json:"instances"`
}

type stateInstance struct {
	IndexKey   any             `json:"index_key"`
	Attributes json.RawMessage `json:"attributes"`
}

// parseState reads a state. No bytes are a state with nothing in it. It is not read
// strictly: other versions of the program add fields.
func parseState(b []byte) (s state, err error) {
	if len(b) == 0 {
		return state{Version: 4}, nil
	}
	if err := strictjson.UnmarshalOpen(b, &s); err != nil {
		return s, access.Errorf(access.CodeUnavailable, "the state cannot be read: %w", err)
	}
	if s.Version != 4 {
		return s, access.Errorf(access.CodeUnavailable, "the state is of version %d; Ramp reads 4", s.Version)
	}
	return s, nil
}

// managed returns the addresses of what the module has made, without Ramp's own marks.
func (s state) managed() []string {
	var all []string
	for _, r := range s.Resources {
		if r.Mode != "managed" || isMark(r) {
			continue
		}
		for _, one := range r.Instances {
			all = append(all, r.address(one))
		}
	}
	return all
}

func isMark(r stateResource) bool {
	return r.Module == "" && r.Type == "terraform_data" && r.Name == markName
}

func (r stateResource) address(one stateInstance) string {
	at := r.Type + "." + r.Name
	if r.Module != "" {
		at = r.Module + "." + at
	}
	switch key := one.IndexKey.(type) {
	case string:
		at += "[" + quoted(key) + "]"
	case float64:
		at += "[" + oneLine(key) + "]"
	}
	return at
}

// marks returns what Ramp wrote into the state of itself, by name.
func (s state) marks() map[string]string {
	out := map[string]string{}
	for _, r := range s.Resources {
		if !isMark(r) {
			continue
		}
		for _, one := range r.Instances {
			var attributes struct {
				Input struct {
					Value string `json:"value"`
				} `json:"input"`
			}
			name, named := one.IndexKey.(string)
			if named && strictjson.UnmarshalOpen(one.Attributes, &attributes) == nil {
				out[name] = attributes.Input.Value
			}
		}
	}
	return out
}

// marks returns what is written into a state of the record, so that a worker that has no
// record can close the grant.
func (r *record) marks() map[string]string {
	inputs, _ := json.Marshal(r.Inputs) // of JSON's own types
	return map[string]string{
		"grant": r.Grant, "principal": r.Principal, "expires_at": r.ExpiresAt.UTC().Format(time.RFC3339),
		"module": r.Module, "digest": r.Digest, "inputs": string(inputs), "grant_variable": r.GrantVariable, "adopts": strconv.FormatBool(r.Adopts),
	}
}

// ofMarks returns a record of what a state says, as far as closing needs it. Nobody signs
// a state, so it opens nothing.
func ofMarks(name string, marks map[string]string) *record {
	r := &record{Grant: name, Principal: marks["principal"], Module: marks["module"], Digest: marks["digest"], Inputs: map[string]any{},
		GrantVariable: marks["grant_variable"], Adopts: marks["adopts"] == "true"}
	if end, err := time.Parse(time.RFC3339, marks["expires_at"]); err == nil {
		r.ExpiresAt = end.UTC()
	}
	if strictjson.Unmarshal([]byte(marks["inputs"]), &r.Inputs) != nil {
		r.Inputs = map[string]any{}
	}
	return r
}

// notMade returns what the plan makes and the state does not have.
func (r *record) notMade(s state) []string {
	has := s.managed()
	return slices.DeleteFunc(slices.Clone(r.Creates), func(address string) bool { return slices.Contains(has, address) })
}

// sortedKeys returns a map's keys in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
