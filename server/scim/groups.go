package scim

import (
	"net/http"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/ledger"
)

const groupSchema = "urn:ietf:params:scim:schemas:core:2.0:Group"

func groupDocument(g ledger.Group) object {
	members := []any{}
	for _, id := range g.Members {
		members = append(members, map[string]any{"value": id})
	}
	return object{"displayname": g.Name, "externalid": g.ExternalID, "members": members}
}

func fillGroup(g *ledger.Group, o object) error {
	g.Name, g.ExternalID = o.text("displayname"), o.text("externalid")
	if g.Name == "" || len(g.Name) > maxName || len(g.ExternalID) > maxName {
		return invalid("value", "displayName is needed, of at most %d characters", maxName)
	}
	if hidden(g.Name) || hidden(g.ExternalID) {
		return invalid("value", "displayName and externalId may not hold characters that do not show, or change how others show")
	}
	g.Members = []string{}
	for _, v := range elements(o["members"]) {
		m := element(v)
		// A group in a group is not taken for its people: who is in it would
		// have to be known here too.
		if strings.EqualFold(m.text("type"), "Group") {
			return invalid("value", "a group within a group is not supported; provision its people")
		}
		if m.text("value") == "" {
			return invalid("value", "a member must be told by its id, as value")
		}
		g.Members = append(g.Members, m.text("value"))
	}
	return nil
}

func (s *SCIM) shownGroup(g ledger.Group, members bool) map[string]any {
	out := map[string]any{"schemas": []string{groupSchema}, "id": g.ID, "displayName": g.Name,
		"meta": s.meta("Group", g.ID, g.CreatedAt, g.ChangedAt)}
	if g.ExternalID != "" {
		out["externalId"] = g.ExternalID
	}
	if members {
		list := []map[string]any{}
		for _, id := range g.Members {
			list = append(list, map[string]any{"value": id, "$ref": s.base + "/Users/" + id})
		}
		out["members"] = list
	}
	return out
}

// withMembers: providers leave the members out where there are many.
func withMembers(c echo.Context) bool {
	left := strings.Split(strings.ToLower(c.QueryParam("excludedAttributes")), ",")
	return !slices.ContainsFunc(left, func(s string) bool { return strings.TrimSpace(s) == "members" })
}

func (s *SCIM) groups(c echo.Context) error {
	skip, limit := page(c)
	members := withMembers(c)
	f := ledger.GroupFilter{Skip: skip, Limit: limit, NoMembers: !members}
	if err := equals(c.QueryParam("filter"), map[string]*string{"displayname": &f.Name, "externalid": &f.ExternalID,
		"id": &f.ID, "members": &f.Member, "members.value": &f.Member}); err != nil {
		return err
	}
	found, total, err := s.store.Groups(c.Request().Context(), f)
	if err != nil {
		return err
	}
	var items []map[string]any
	for _, g := range found {
		items = append(items, s.shownGroup(g, members))
	}
	return list(c, skip, total, items)
}

func (s *SCIM) group(c echo.Context) error {
	g, err := s.store.Group(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, s.shownGroup(g, withMembers(c)))
}

func (s *SCIM) addGroup(c echo.Context) error {
	o, err := read(c)
	if err != nil {
		return err
	}
	var g ledger.Group
	if err := fillGroup(&g, o); err != nil {
		return err
	}
	if g, err = s.store.AddGroup(c.Request().Context(), g, now()); err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base+"/Groups/"+g.ID)
	return answer(c, http.StatusCreated, s.shownGroup(g, true))
}

func (s *SCIM) putGroup(c echo.Context) error {
	o, err := read(c)
	if err != nil {
		return err
	}
	return s.editGroup(c, func(g *ledger.Group) error { return fillGroup(g, o) })
}

func (s *SCIM) patchGroup(c echo.Context) error {
	ops, err := readPatch(c)
	if err != nil {
		return err
	}
	return s.editGroup(c, func(g *ledger.Group) error {
		if g.Unproven {
			return unproven("group")
		}
		o := groupDocument(*g)
		for _, op := range ops {
			if err := op.apply(o); err != nil {
				return err
			}
		}
		return fillGroup(g, o)
	})
}

func (s *SCIM) editGroup(c echo.Context, change func(*ledger.Group) error) error {
	g, err := s.store.UpdateGroup(c.Request().Context(), c.Param("id"), now(), change)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, s.shownGroup(g, withMembers(c)))
}

func (s *SCIM) deleteGroup(c echo.Context) error {
	if err := s.store.DeleteGroup(c.Request().Context(), c.Param("id"), now()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
