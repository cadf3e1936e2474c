package scim

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/ledger"
)

const userSchema = "urn:ietf:params:scim:schemas:core:2.0:User"

// Bounds of what is kept of a person, in characters.
const (
	maxName       = 256
	maxAttributes = 16 << 10
)

// own are attributes that have columns, or are not the provider's to set, or
// must not be kept at all.
var own = []string{"id", "schemas", "meta", "groups", "password", "username", "externalid", "active"}

// document is a user as an object to patch.
func document(u ledger.User) object {
	o := parse(u.Attributes)
	o["username"], o["externalid"], o["active"] = u.UserName, u.ExternalID, u.Active
	return o
}

// fill reads a user out of an object.
func (s *SCIM) fill(u *ledger.User, o object) error {
	u.UserName, u.ExternalID = o.text("username"), o.text("externalid")
	if u.UserName == "" || len(u.UserName) > maxName || len(u.ExternalID) > maxName {
		return invalid("value", "userName is needed, of at most %d characters", maxName)
	}
	u.Active = true
	if v, told := o["active"]; told && v != nil {
		active, ok := truth(v)
		if !ok {
			return invalid("value", "active must be true or false")
		}
		u.Active = active
	}
	// Who is to leave leaves under whatever name.
	if u.Active && (hidden(u.UserName) || hidden(u.ExternalID)) {
		return invalid("value", "userName and externalId may not hold characters that do not show, or change how others show")
	}
	u.Name = access.Clip(plaintext.Strip(nameOf(o)), maxName)
	if u.Email = access.Clip(emailOf(o), maxName); hidden(u.Email) || !access.IsAddress(u.Email) {
		u.Email = "" // as in a token: it is nobody's address
	}
	rest := map[string]any{}
	for k, v := range o {
		rest[k] = v
	}
	for _, k := range own {
		delete(rest, k)
	}
	b, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	if len(b) > maxAttributes {
		return invalid("value", "a user may have %d bytes of attributes", maxAttributes)
	}
	u.Attributes, u.PersonID = string(b), s.config.person(*u)
	return nil
}

// hidden reports whether an id would be read as another one (docs/threats.md, case 8).
func hidden(id string) bool { return !plaintext.IsLine(id) }

func nameOf(o object) string {
	n := element(o["name"])
	for _, name := range []string{o.text("displayname"), n.text("formatted"), strings.TrimSpace(n.text("givenname") + " " + n.text("familyname"))} {
		if name != "" {
			return name
		}
	}
	return ""
}

// emailOf is the primary address, else the first.
func emailOf(o object) string {
	first := ""
	for _, v := range elements(o["emails"]) {
		e := element(v)
		if primary, _ := truth(e["primary"]); primary && e.text("value") != "" {
			return e.text("value")
		}
		if first == "" {
			first = e.text("value")
		}
	}
	return first
}

// shown is a user as the provider reads it.
func (s *SCIM) shown(u ledger.User) map[string]any {
	out, _ := spelt(map[string]any(parse(u.Attributes))).(map[string]any)
	out["schemas"] = []string{userSchema}
	if _, more := out[enterpriseUser]; more {
		out["schemas"] = []string{userSchema, enterpriseUser}
	}
	out["id"], out["userName"], out["active"] = u.ID, u.UserName, u.Active
	if u.ExternalID != "" {
		out["externalId"] = u.ExternalID
	}
	out["meta"] = s.meta("User", u.ID, u.CreatedAt, u.ChangedAt)
	return out
}

func (s *SCIM) users(c echo.Context) error {
	skip, limit := page(c)
	f := ledger.UserFilter{Skip: skip, Limit: limit}
	if err := equals(c.QueryParam("filter"), map[string]*string{"username": &f.UserName, "externalid": &f.ExternalID, "id": &f.ID}); err != nil {
		return err
	}
	found, total, err := s.store.Users(c.Request().Context(), f)
	if err != nil {
		return err
	}
	var items []map[string]any
	for _, u := range found {
		items = append(items, s.shown(u))
	}
	return list(c, skip, total, items)
}

func (s *SCIM) user(c echo.Context) error {
	u, err := s.store.User(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return s.showUser(c, http.StatusOK, u)
}

// showUser writes one user with the groups they are in.
func (s *SCIM) showUser(c echo.Context, status int, u ledger.User) error {
	out := s.shown(u)
	groups, _, err := s.store.Groups(c.Request().Context(), ledger.GroupFilter{Member: u.ID, NoMembers: true, Limit: 500})
	if err != nil {
		return err
	}
	in := []map[string]any{}
	for _, g := range groups {
		in = append(in, map[string]any{"value": g.ID, "display": g.Name, "$ref": s.base + "/Groups/" + g.ID})
	}
	out["groups"] = in
	return answer(c, status, out)
}

func (s *SCIM) addUser(c echo.Context) error {
	o, err := read(c)
	if err != nil {
		return err
	}
	var u ledger.User
	if err := s.fill(&u, o); err != nil {
		return err
	}
	if u, err = s.store.AddUser(c.Request().Context(), u, now()); err != nil {
		return err
	}
	c.Response().Header().Set("Location", s.base+"/Users/"+u.ID)
	return s.showUser(c, http.StatusCreated, u)
}

func (s *SCIM) putUser(c echo.Context) error {
	o, err := read(c)
	if err != nil {
		return err
	}
	return s.editUser(c, func(u *ledger.User) error {
		// A person who was deactivated does not come back because a flag was left out.
		if _, told := o["active"]; !told {
			o["active"] = u.Active
		}
		return s.fill(u, o)
	})
}

func (s *SCIM) patchUser(c echo.Context) error {
	ops, err := readPatch(c)
	if err != nil {
		return err
	}
	return s.editUser(c, func(u *ledger.User) error {
		if u.Unproven {
			return unproven("user")
		}
		o := document(*u)
		for _, op := range ops {
			if err := op.apply(o); err != nil {
				return err
			}
		}
		return s.fill(u, o)
	})
}

func (s *SCIM) editUser(c echo.Context, change func(*ledger.User) error) error {
	u, err := s.store.UpdateUser(c.Request().Context(), c.Param("id"), now(), change)
	if err != nil {
		return err
	}
	return s.showUser(c, http.StatusOK, u)
}

func (s *SCIM) deleteUser(c echo.Context) error {
	if err := s.store.DeleteUser(c.Request().Context(), c.Param("id"), now()); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
