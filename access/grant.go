package access

import "time"

// Grant is one entitlement opened for one request.
type Grant struct {
	Name        string      `json:"name"`
	RequestID   string      `json:"requestId"`
	Target      string      `json:"target"`
	Principal   string      `json:"principal"`
	Entitlement Entitlement `json:"entitlement"`
	ExpiresAt   time.Time   `json:"expiresAt"` // UTC, whole seconds
	// Approved is what the entitlement means as people approved it, of a grant that comes
	// from a signed plan; nil of one that comes from elsewhere. A target that makes more of
	// an entitlement than its text says holds what it makes to this.
	Approved *Scope `json:"-"`
}

// Credential is a freshly minted secret for one grant. It is never logged or
// stored: it leaves the worker sealed to the requester's own key. A client needs
// to know nothing of targets to use it. In Env, Files and Arguments, {{dir}}
// stands for the directory into which the client puts the files.
type Credential struct {
	Kind  string            `json:"kind"`            // of its target, such as "ssh"; for people, not for programs
	Env   map[string]string `json:"env,omitempty"`   // for the environment of a command
	Files map[string]string `json:"files,omitempty"` // name to content, for programs that read files
	// Arguments are for programs that read no environment, by the program's name. A
	// client puts them before the user's own, as in {"ssh": ["-F", "{{dir}}/config"]}.
	Arguments map[string][]string `json:"arguments,omitempty"`
	Command   []string            `json:"command,omitempty"` // what to run when the user names no command
	ExpiresAt time.Time           `json:"expiresAt"`         // UTC
	Hint      string              `json:"hint,omitempty"`    // one line: how to use it
}
