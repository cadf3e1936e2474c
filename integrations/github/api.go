package github

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// said is what GitHub writes into the body of an error.
type said struct {
	Message string `json:"message"`
	Docs    string `json:"documentation_url"`
}

func dialect() jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "GitHub",
		Header:       http.Header{"Accept": {"application/vnd.github+json"}, "X-Github-Api-Version": {"2022-11-28"}, "User-Agent": {"ramp"}},
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		IsNotFound: func(body []byte) bool {
			var e said
			return strictjson.UnmarshalOpen(body, &e) == nil && e.Message == "Not Found" && e.Docs != ""
		},
		Message:   message,
		Throttled: throttled,
	}
}

// tokenLike matches what may be a token of GitHub's.
var tokenLike = regexp.MustCompile(`\b(gh[a-z]_|github_pat_)[A-Za-z0-9_]{8,}`)

func message(body []byte) string {
	var e said
	if strictjson.UnmarshalOpen(body, &e) != nil || e.Message == "" {
		return "in words that are not GitHub's"
	}
	return tokenLike.ReplaceAllString(e.Message, "(a token)")
}

// throttled reads GitHub's limits: 403 or 429 with Retry-After (a secondary limit), or with
// nothing left of the hour's calls. Without either, GitHub asks to wait for a minute.
// https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
func throttled(status int, h http.Header) (time.Duration, bool) {
	if status != http.StatusForbidden && status != http.StatusTooManyRequests {
		return 0, false
	}
	if wait := integrations.RetryAfter(h); wait > 0 {
		return wait, true
	}
	if h.Get("X-Ratelimit-Remaining") == "0" {
		if at, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64); err == nil {
			return max(time.Second, time.Until(time.Unix(at, 0))), true
		}
		return time.Minute, true
	}
	return time.Minute, status == http.StatusTooManyRequests
}

// user is a user of GitHub, in a list too.
type user struct {
	ID       int64  `json:"id"`
	Login    string `json:"login"`
	RoleName string `json:"role_name"` // of collaborators
}

// login returns the login that a user has now; empty if the user is gone.
func (s *service) login(ctx context.Context, id string) (string, error) {
	var u user
	found, err := s.client.Call(ctx, http.MethodGet, "/user/"+id, nil, &u)
	switch {
	case err != nil || !found:
		return "", err
	case strconv.FormatInt(u.ID, 10) != id || !loginShape.MatchString(u.Login):
		return "", s.client.Unexpected(http.MethodGet, "/user/"+id)
	}
	return u.Login, nil
}

// direct lists the collaborators of a repository who have a role of their own.
func direct() url.Values { return url.Values{"affiliation": {"direct"}} }

// loginIn returns the login that a user has now, also of one whom GitHub shows to nobody, such
// as an account that it has flagged: a list of people has them still, with all their rights.
// Empty if the user is neither shown nor in the list.
func (s *service) loginIn(ctx context.Context, list string, query url.Values, id string) (string, error) {
	login, err := s.login(ctx, id)
	if err != nil || login != "" {
		return login, err
	}
	_, err = jsonhttp.List(ctx, s.client, list, query, func(u user) {
		if number(u.ID) == id && loginShape.MatchString(u.Login) {
			login = u.Login
		}
	})
	return login, err
}

// unseen is the error for what GitHub does not show: it says the same of what is not there
// and of what Ramp may not see.
func unseen(what string, id int64) error {
	return access.Errorf(access.CodeUnavailable, "GitHub does not show Ramp the %s of number %d any more: it was deleted or moved, or Ramp has lost its rights to see it, and nothing proves that access has ended", what, id)
}

func number(id int64) string { return strconv.FormatInt(id, 10) }
