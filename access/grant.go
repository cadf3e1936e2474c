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
}

// Credential is a freshly minted secret for one grant. It is never logged or
// stored: it leaves the worker sealed to the requester's own key.
type Credential struct {
	Kind      string            `json:"kind"`              // "ssh", "vault", "aws"
	Env       map[string]string `json:"env,omitempty"`     // for the environment of a command
	Files     map[string]string `json:"files,omitempty"`   // name to content, for tools that read files
	Command   []string          `json:"command,omitempty"` // what to run when the user names no command
	ExpiresAt time.Time         `json:"expiresAt"`         // UTC
	Hint      string            `json:"hint,omitempty"`    // one line: how to use it
}
