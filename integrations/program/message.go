package program

import (
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// Version is the version of the protocol that this Ramp speaks.
const Version = 1

// Operation is what a call asks for.
type Operation string

// The operations. Every program has describe, grant, inspect, revoke and list; the others
// are named in its description where it has them.
const (
	OpDescribe  Operation = "describe"
	OpGrant     Operation = "grant"
	OpInspect   Operation = "inspect"
	OpRevoke    Operation = "revoke"
	OpList      Operation = "list"
	OpResolve   Operation = "resolve"
	OpExtend    Operation = "extend"
	OpMint      Operation = "mint"
	OpDrift     Operation = "drift" // drift and restore come together
	OpRestore   Operation = "restore"
	OpInventory Operation = "inventory"
)

// Request is one call, as the program gets it.
type Request struct {
	Ramp      int       `json:"ramp"` // the version of the protocol
	Operation Operation `json:"operation"`
	// Call is the call's own id. A service takes one call once, so that a copy of it that
	// somebody recorded changes nothing (docs/threats.md, case 135).
	Call string `json:"call"`
	// Deadline is when Ramp stops waiting, in UTC and whole seconds. After it the program
	// must not act any more.
	Deadline    time.Time          `json:"deadline"`
	Target      string             `json:"target"`                // as the configuration names it, such as exec/billing
	Grant       *Grant             `json:"grant,omitempty"`       // of all operations but describe, resolve, list and inventory
	Entitlement access.Entitlement `json:"entitlement,omitempty"` // of resolve
	List        string             `json:"list,omitempty"`        // of inventory: which list
	After       string             `json:"after,omitempty"`       // of inventory: what the page before gave as next
}

// Grant is the grant that a call is about. Of inspect and revoke it has the name alone.
type Grant struct {
	Name        string             `json:"name"`
	RequestID   string             `json:"requestId,omitempty"`
	Principal   string             `json:"principal,omitempty"` // who gets the access
	Entitlement access.Entitlement `json:"entitlement,omitempty"`
	ExpiresAt   time.Time          `json:"expiresAt,omitzero"` // UTC, whole seconds
}

// grantOf returns all of a grant, and named its name alone.
func grantOf(g access.Grant) *Grant {
	return &Grant{Name: g.Name, RequestID: g.RequestID, Principal: g.Principal, Entitlement: g.Entitlement, ExpiresAt: g.ExpiresAt}
}

func named(g access.Grant) *Grant { return &Grant{Name: g.Name} }

// Reply is what the program replies: the version and the call's id in any case, and either
// an error or what the operation returns.
type Reply struct {
	Ramp  int      `json:"ramp"`
	Call  string   `json:"call"`
	Error *Failure `json:"error,omitempty"`

	Done        bool                        `json:"done,omitempty"`        // of grant, revoke, extend and restore: true
	Open        *bool                       `json:"open,omitempty"`        // of inspect
	Sessions    int                         `json:"sessions,omitempty"`    // of inspect: live sessions
	Grants      *[]integrations.ListedGrant `json:"grants,omitempty"`      // of list
	Description *Description                `json:"description,omitempty"` // of describe
	Scope       *access.Scope               `json:"scope,omitempty"`       // of resolve
	Credential  *access.Credential          `json:"credential,omitempty"`  // of mint
	Differences *[]string                   `json:"differences,omitempty"` // of drift
	Choices     *[]access.Choice            `json:"choices,omitempty"`     // of inventory
	Next        string                      `json:"next,omitempty"`        // of inventory: what to give as after; empty on the last page
}
