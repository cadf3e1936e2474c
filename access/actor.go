package access

import (
	"maps"
	"time"
)

// Via says through which surface of Ramp an act came.
type Via string

const (
	ViaWeb       Via = "web"
	ViaAPI       Via = "api"       // a program
	ViaCLI       Via = "cli"       // the command line, as its User-Agent says; it proves nothing
	ViaMCP       Via = "mcp"       // an agent, through the Model Context Protocol
	ViaSCIM      Via = "scim"      // an identity provider
	ViaDirectory Via = "directory" // Ramp itself, since the directory has changed
	ViaTemporal  Via = "temporal-ui"
	ViaSlack     Via = "slack"
	ViaDecisions Via = "decisions" // another program, which says that a person decided there
	ViaGitHub    Via = "github"    // a comment on an issue of GitHub
	ViaJira      Via = "jira"      // a comment on a ticket of Jira
)

// ByThemselves reports whether who acts through v is the person, by a page or with their own
// programs, and not somebody or something in their name.
func (v Via) ByThemselves() bool {
	return v == "" || v == ViaWeb || v == ViaAPI || v == ViaCLI
}

// ShowsContracts reports whether people who decide through v are shown, by Ramp and whole,
// how a request would change contracts: on the page and by the command line. In chat and
// in another program's messages there is no room for it.
func (v Via) ShowsContracts() bool {
	return v != "" && v.ByThemselves()
}

// DetailVia is the detail of an event that holds a Via.
const DetailVia = "via"

// DetailCount is the detail of an event that stands for several equal ones: how many.
const DetailCount = "count"

// DetailHuman is the detail of an event of a refused act that holds the id of the human behind
// the account, where that is another: of an agent the human for whom it acts, of a linked
// account the one whose it is.
const DetailHuman = "human"

// Actor is who acts, and through what. Use cases that record something take an
// Actor; those that only show something take a Person.
type Actor struct {
	Person Person
	Via    Via
}

// Event returns an event of the actor, with a map of details that can be added
// to.
func (a Actor) Event(kind EventKind, at time.Time) Event {
	return Event{At: at, Kind: kind, Actor: a.Person.ID, Detail: a.Via.Detail(nil)}
}

// Detail returns details of an event with the Via added, where there is one.
func (v Via) Detail(details map[string]string) map[string]string {
	out := maps.Clone(details) // workflows call this: no loop over a map
	if out == nil {
		out = map[string]string{}
	}
	if v != "" {
		out[DetailVia] = string(v)
	}
	return out
}
