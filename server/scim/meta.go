package scim

type m = map[string]any

const schemaSchema = "urn:ietf:params:scim:schemas:core:2.0:Schema"

// What this server can do (RFC 7643, section 5).
var serviceProviderConfig = m{
	"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
	"patch":   m{"supported": true}, "filter": m{"supported": true, "maxResults": 500},
	"bulk":           m{"supported": false, "maxOperations": 0, "maxPayloadSize": 0},
	"changePassword": m{"supported": false}, "sort": m{"supported": false}, "etag": m{"supported": false},
	"authenticationSchemes": []m{{"type": "oauthbearertoken", "name": "Bearer token", "description": "the token that server.scim.token names", "primary": true}},
}

var resourceTypes = listed(
	m{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "User", "name": "User", "endpoint": "/Users", "schema": userSchema,
		"schemaExtensions": []m{{"schema": enterpriseUser, "required": false}}},
	m{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"}, "id": "Group", "name": "Group", "endpoint": "/Groups", "schema": groupSchema},
)

var schemas = listed(
	m{"schemas": []string{schemaSchema}, "id": userSchema, "name": "User", "attributes": []m{
		described("userName", "string", true, "server"), described("externalId", "string", false, "none"), described("displayName", "string", false, "none"),
		described("active", "boolean", false, "none"),
		complexOf("name", false, "formatted", "givenName", "familyName"), complexOf("emails", true, "value", "type", "primary"),
	}},
	m{"schemas": []string{schemaSchema}, "id": groupSchema, "name": "Group", "attributes": []m{
		described("displayName", "string", true, "server"), described("externalId", "string", false, "none"), complexOf("members", true, "value", "$ref", "type"),
	}},
	m{"schemas": []string{schemaSchema}, "id": enterpriseUser, "name": "Enterprise User", "attributes": []m{
		described("employeeNumber", "string", false, "none"), described("department", "string", false, "none"),
	}},
)

func listed(items ...m) m {
	return m{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, "totalResults": len(items), "startIndex": 1,
		"itemsPerPage": len(items), "Resources": items}
}

func described(name, kind string, required bool, unique string) m {
	return m{"name": name, "type": kind, "multiValued": false, "required": required, "caseExact": false, "mutability": "readWrite",
		"returned": "default", "uniqueness": unique}
}

func complexOf(name string, many bool, parts ...string) m {
	var subs []m
	for _, p := range parts {
		subs = append(subs, described(p, "string", false, "none"))
	}
	return m{"name": name, "type": "complex", "multiValued": many, "required": false, "mutability": "readWrite", "returned": "default", "subAttributes": subs}
}
