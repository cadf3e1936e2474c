package gitlab

import (
	"net/http"
	"strconv"
	"strings"

	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

const api = "/api/v4/"

func dialect() jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "GitLab",
		Header:       http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}},
		Authenticate: func(h http.Header, token string) { h.Set("Private-Token", token) },
		IsNotFound:   func(body []byte) bool { return strings.HasPrefix(said(body), "404 ") },
		Message: func(body []byte) string {
			if text := said(body); text != "" {
				return text
			}
			return "in words that are not a message of GitLab's"
		},
	}
}

// said returns the message in the body of an error; empty if it has none that is text.
func said(body []byte) string {
	var e struct {
		Message any `json:"message"`
	}
	if strictjson.UnmarshalOpen(body, &e) != nil {
		return ""
	}
	text, _ := e.Message.(string)
	return text
}

// levels are GitLab's access levels. https://docs.gitlab.com/api/access_requests/#valid-access-levels
func levels() map[string]int {
	return map[string]int{"guest": 10, "planner": 15, "reporter": 20, "developer": 30, "maintainer": 40, "owner": 50}
}

// levelOf returns a role's level; 0 if there is no such role.
func levelOf(role string) int { return levels()[role] }

// roleOf returns the role of a level.
func roleOf(level int) string {
	for role, l := range levels() {
		if l == level {
			return role
		}
	}
	return "level " + strconv.Itoa(level)
}
