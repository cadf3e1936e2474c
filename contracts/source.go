package contracts

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
)

// source is a contract as it is written. Its yaml tags are the language.
type source struct {
	APIVersion  string         `yaml:"apiVersion"`
	Kind        string         `yaml:"kind"`
	Metadata    sourceMetadata `yaml:"metadata"`
	Description string         `yaml:"description"`
	Request     sourceRequest  `yaml:"request"`
	Duration    sourceDuration `yaml:"duration"`
	Grants      []sourceGrant  `yaml:"grants"`
	Approval    sourceApproval `yaml:"approval"`
	Extend      *sourceExtend  `yaml:"extend"`
	StepUp      sourceStepUp   `yaml:"stepUp"`
}

type sourceMetadata struct {
	Name   string            `yaml:"name"`
	Owner  string            `yaml:"owner"`
	Labels map[string]string `yaml:"labels"`
}

type sourceRequest struct {
	Who    string                 `yaml:"who"`
	Params map[string]sourceParam `yaml:"params"`
	Reason sourceReason           `yaml:"reason"`
	Ticket *sourceTicket          `yaml:"ticket"`
}

type sourceParam struct {
	Type        string   `yaml:"type"`
	Enum        []string `yaml:"enum"`
	Pattern     string   `yaml:"pattern"`
	MaxLength   *number  `yaml:"maxLength"`
	Min         *number  `yaml:"min"`
	Max         *number  `yaml:"max"`
	Required    bool     `yaml:"required"`
	Default     any      `yaml:"default"`
	Description string   `yaml:"description"`
}

type sourceReason struct {
	Optional  bool    `yaml:"optional"`
	MinLength *number `yaml:"minLength"`
	MaxLength *number `yaml:"maxLength"`
}

type sourceTicket struct {
	Required bool   `yaml:"required"`
	When     string `yaml:"when"`
	Pattern  string `yaml:"pattern"`
}

type sourceDuration struct {
	Default          string  `yaml:"default"`
	Max              string  `yaml:"max"`
	JustifyOver      string  `yaml:"justifyOver"`
	JustifyMinLength *number `yaml:"justifyMinLength"`
}

type sourceGrant struct {
	Target      string         `yaml:"target"`
	Entitlement map[string]any `yaml:"entitlement"`
}

type sourceApproval struct {
	PendingFor   string        `yaml:"pendingFor"`
	Auto         string        `yaml:"auto"`
	Stages       []sourceStage `yaml:"stages"`
	Deny         *number       `yaml:"deny"`
	SelfApproval bool          `yaml:"selfApproval"`
	Passkey      bool          `yaml:"passkey"`
}

type sourceStage struct {
	Name  string   `yaml:"name"`
	From  []string `yaml:"from"`
	Count *number  `yaml:"count"`
	When  string   `yaml:"when"`
}

type sourceExtend struct {
	Times number `yaml:"times"`
	UpTo  string `yaml:"upTo"`
}

// sourceStepUp is how lately people must have logged in.
type sourceStepUp struct {
	Request string `yaml:"request"` // to ask, extend and pick up
	Approve string `yaml:"approve"`
}

// number is a whole number. The YAML library would make 1 of 1.7.
type number int

// UnmarshalYAML implements yaml.NodeUnmarshaler.
func (n *number) UnmarshalYAML(node ast.Node) error {
	if i, ok := node.(*ast.IntegerNode); ok {
		if v, fits := whole(i.Value); fits {
			*n = number(v)
			return nil
		}
	}
	return &yaml.SyntaxError{Message: fmt.Sprintf("write a whole number in digits, not %s", access.Clip(node.String(), 40)), Token: node.GetToken()}
}

// planned are fields of the language that this version does not act on yet. To
// ignore one would be to promise something that does not happen.
var planned = map[string]bool{
	"breakGlass": true, "notify": true, "approval.escalate": true, "extend.approval": true,
	"request.ticket.system": true, "request.ticket.open": true, "request.ticket.assignedToRequester": true,
}
