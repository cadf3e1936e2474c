package ledger

import (
	"context"
	"strings"

	"ramp.dev/ramp/internal/strictjson"
)

// enterpriseUser is where SCIM says who somebody's manager is (RFC 7643, 4.3), in small
// letters as the attributes of users are kept.
const enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user"

// managerOf returns the directory's id of the manager whom a user's attributes name, and
// whether they name one at all. Providers write an object with a value, or the value.
func managerOf(attributes string) (id string, named bool) {
	var o map[string]any
	if strictjson.UnmarshalOpen([]byte(attributes), &o) != nil {
		return "", false
	}
	more, _ := o[enterpriseUser].(map[string]any)
	manager, named := more["manager"]
	if !named || manager == nil {
		return "", false
	}
	if m, ok := manager.(map[string]any); ok {
		manager = m["value"]
	}
	id, _ = manager.(string)
	return strings.TrimSpace(id), true
}

// readManagers adds to members who their managers are. A manager whom the directory does
// not know, who has left, or whose record is not believed is nobody; so is one of whom
// several records say different things.
func (r *snapshotReader) readManagers(ctx context.Context, standing map[string][]userRow) error {
	wanted, ids := map[string]string{}, []string{}
	for key, rows := range standing {
		for i, u := range rows {
			id, named := managerOf(u.Attributes)
			switch before, seen := wanted[key]; {
			case !named && i == 0:
			case !seen && i == 0:
				wanted[key] = id
			case named != seen || before != id:
				wanted[key] = ""
			}
		}
		if wanted[key] != "" {
			ids = append(ids, wanted[key])
		}
	}
	known := map[string]string{}
	if len(ids) > 0 {
		marks, args := inList(ids)
		rows, err := collect(ctx, r.querier, r.scanUser, `SELECT `+userSelect+` FROM directory_users WHERE id IN `+marks, args...)
		if err != nil {
			return err
		}
		for _, u := range rows {
			if !u.Unproven && !u.deleted && u.Active {
				known[u.ID] = u.PersonID
			}
		}
	}
	for key, id := range wanted {
		m := r.out.Members[key]
		m.Manager = new(known[id])
		r.out.Members[key] = m
	}
	return nil
}
