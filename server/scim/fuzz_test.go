package scim

import (
	"strings"
	"testing"

	"ramp.dev/ramp/ledger"
)

// FuzzFilter: no filter reads beyond the attributes that are looked up, nor
// takes the server down.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "a"`, `externalId eq "a" and userName eq "b"`, `userName eq "\u0041\""`, `a[b eq 1].c`, `not (a pr)`, `urn:x:y:z eq "1"`, `((((`, `userName eq`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var name, external string
		if err := equals(s, map[string]*string{"username": &name, "externalid": &external}); err == nil && s != "" && name == "" && external == "" {
			t.Fatalf("%q narrows nothing, and was taken", s)
		}
	})
}

// FuzzPatch: whatever a patch says, what comes out is a user who can be written
// and read again, or an error.
func FuzzPatch(f *testing.F) {
	for _, s := range []string{
		`{"Operations":[{"op":"replace","value":{"active":false}}]}`,
		`{"Operations":[{"op":"Add","path":"emails[type eq \"work\"].value","value":"a@b"}]}`,
		`{"Operations":[{"op":"remove","path":"members","value":[{"value":"x"}]}]}`,
		`{"Operations":[{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department","value":"x"}]}`,
		`{"Operations":[{"op":"add","path":"name","value":"x"},{"op":"add","path":"name.givenName","value":[{"value":{}}]}]}`,
	} {
		f.Add(s)
	}
	s := &SCIM{}
	f.Fuzz(func(t *testing.T, body string) {
		o, err := decode(strings.NewReader(body))
		if err != nil {
			return
		}
		ops, err := patch(o)
		if err != nil {
			return
		}
		doc := object{"username": "al", "active": true, "emails": []any{map[string]any{"value": "a@b", "type": "work"}}}
		for _, op := range ops {
			if op.apply(doc) != nil {
				return
			}
		}
		u := ledger.User{}
		if s.fill(&u, doc) != nil {
			return
		}
		again := ledger.User{}
		if err := s.fill(&again, document(u)); err != nil || again != u {
			t.Fatalf("%+v became %+v (%v)", u, again, err)
		}
	})
}
