package pages

import (
	"cmp"
	"net/url"
	"strings"
)

// TemporalUI is where operators find workflows.
type TemporalUI struct {
	Address   string // "" hides the links
	Namespace string // "default" if empty
}

// workflow returns the address of a workflow; "" where there is no UI.
func (t TemporalUI) workflow(id string) string {
	if t.Address == "" {
		return ""
	}
	return strings.TrimSuffix(t.Address, "/") + "/namespaces/" + url.PathEscape(cmp.Or(t.Namespace, "default")) + "/workflows/" + url.PathEscape(id)
}
