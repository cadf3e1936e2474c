package tickethook

import (
	"strconv"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

// gitHubComment reads the event issue_comment
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads#issue_comment). is is
// false for any other. What kind of event it is, its body says: headers are not signed.
func gitHubComment(body []byte) (c comment, is bool, err error) {
	type user struct {
		ID    int64  `json:"id"`
		Login string `json:"login"`
		Type  string `json:"type"` // User, Bot, Organization
	}
	var e struct {
		Action string `json:"action"`
		Issue  *struct {
			Number int64 `json:"number"`
		} `json:"issue"`
		Comment *struct {
			ID      int64     `json:"id"`
			User    user      `json:"user"`
			Body    string    `json:"body"`
			Created time.Time `json:"created_at"`
			Updated time.Time `json:"updated_at"`
			App     *struct{} `json:"performed_via_github_app"`
		} `json:"comment"`
		Repository struct {
			FullName string `json:"full_name"`
		} `json:"repository"`
		Sender user `json:"sender"`
	}
	if err := strictjson.UnmarshalOpen(body, &e); err != nil {
		return c, false, err
	}
	if e.Action != "created" || e.Issue == nil || e.Comment == nil {
		return c, false, nil
	}
	author := e.Comment.User
	c = comment{ID: number(e.Comment.ID), User: number(author.ID), Name: author.Login, Text: e.Comment.Body, Written: e.Comment.Created,
		Own: author.Type == "User" && author.ID == e.Sender.ID && e.Comment.App == nil && e.Comment.Updated.Equal(e.Comment.Created)}
	if n := number(e.Issue.Number); n != "" && e.Repository.FullName != "" {
		c.Ticket = e.Repository.FullName + "#" + n
	}
	return c, true, nil
}

// number returns a number that GitHub gave; "" if it gave none.
func number(n int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}
