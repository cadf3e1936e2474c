package contracts

import (
	"fmt"
	"regexp"

	"ramp.dev/ramp/access"
)

const (
	apiVersion   = "ramp/v1"
	kindContract = "Contract"
)

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// header says which language this is, and what the contract is called.
type header struct {
	APIVersion  string   `yaml:"apiVersion" schema:"required enum=ramp/v1"`
	Kind        string   `yaml:"kind" schema:"required enum=Contract"`
	Metadata    metadata `yaml:"metadata" schema:"required"`
	Description string   `yaml:"description"`
}

type metadata struct {
	Name   string            `yaml:"name" schema:"required pattern=^[a-z][a-z0-9-]{0,62}$"`
	Owner  string            `yaml:"owner" schema:"name"`
	Labels map[string]string `yaml:"labels" schema:"name"`
}

func (*header) section() string { return "" }

func (h *header) check(d *document) {
	c := d.contract
	c.Name, c.Owner, c.Labels, c.Description = h.Metadata.Name, h.Metadata.Owner, h.Metadata.Labels, h.Description
	if h.APIVersion != apiVersion {
		d.issue("api_version", fmt.Sprintf("apiVersion must be %q", apiVersion), "apiVersion")
	}
	if h.Kind != kindContract {
		d.issue("kind", fmt.Sprintf("kind must be %q, or %q for what several contracts share", kindContract, kindBase), "kind")
	}
	if !nameShape.MatchString(c.Name) {
		d.issue("name", "metadata.name must be lower-case letters, digits and dashes, a letter first, 63 at most", "metadata", "name")
	}
}

// plan has the owner, who is a group, hear of what they must know of what they own. A team
// that has no address in notices hears nothing.
func (h *header) plan(q *query) {
	if owner := h.Metadata.Owner; owner != "" {
		q.draft.Notify = append(q.draft.Notify, access.Notice{Of: []access.EventKind{access.EventGlassBroken, access.EventAccessOverdue, access.EventRequestFailed}, Groups: []string{owner}})
	}
}
