package gcptest

import (
	"net/http"
	"strings"
)

// Role is what a role gives.
type Role struct {
	Permissions []string
	Deleted     bool
}

func (c *Cloud) role(w http.ResponseWriter, name string) {
	c.Lock()
	defer c.Unlock()
	is, found := c.Roles[name]
	switch {
	case c.Secret && !strings.HasPrefix(name, "roles/"):
		fails(w, http.StatusForbidden, "PERMISSION_DENIED", "You don't have permission to get the role at "+name+".")
	case !found:
		fails(w, http.StatusNotFound, "NOT_FOUND", "The role named "+name+" was not found.")
	default:
		out := map[string]any{"name": name, "title": name, "stage": "GA", "etag": "BwW1="}
		if len(is.Permissions) > 0 {
			out["includedPermissions"] = is.Permissions
		}
		if is.Deleted {
			out["deleted"] = true
		}
		reply(w, out)
	}
}
