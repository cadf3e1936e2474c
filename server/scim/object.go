package scim

import (
	"strings"

	"ramp.dev/ramp/internal/strictjson"
)

// object is a JSON object whose names are in small letters: names of attributes
// are case-insensitive in SCIM.
type object map[string]any

func (o object) text(name string) string {
	s, _ := o[name].(string)
	return strings.TrimSpace(s)
}

// truth reads a flag; Entra ID sends it as a string at times.
func truth(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
}

// elements are a multi-valued attribute's values, whether one or many came.
func elements(v any) []any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		return v
	}
	return []any{v}
}

func element(v any) object {
	m, _ := v.(map[string]any)
	return m
}

// names as they are written; inside Ramp they are in small letters.
var written = map[string]string{"username": "userName", "externalid": "externalId", "displayname": "displayName", "givenname": "givenName",
	"familyname": "familyName", "middlename": "middleName", "honorificprefix": "honorificPrefix", "honorificsuffix": "honorificSuffix",
	"nickname": "nickName", "profileurl": "profileUrl", "usertype": "userType", "preferredlanguage": "preferredLanguage", "phonenumbers": "phoneNumbers",
	"photos": "photos", "ims": "ims", "x509certificates": "x509Certificates", "streetaddress": "streetAddress", "postalcode": "postalCode",
	"employeenumber": "employeeNumber", "costcenter": "costCenter", "$ref": "$ref",
	strings.ToLower(enterpriseUser): enterpriseUser}

const enterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// spelt is a value with names as RFC 7643 writes them.
func spelt(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, inner := range v {
			if w := written[k]; w != "" {
				k = w
			}
			out[k] = spelt(inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = spelt(v[i])
		}
		return out
	}
	return v
}

func parse(s string) object {
	var o object
	if strictjson.Unmarshal([]byte(s), &o) != nil || o == nil {
		return object{} // written by this package, or nothing
	}
	return o
}
