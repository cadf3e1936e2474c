package tickethook

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

// jiraUser is a user in the payload of a webhook: of Cloud with an accountId, of Data
// Center with a key and a name.
type jiraUser struct {
	AccountID string `json:"accountId"`
	Kind      string `json:"accountType"` // atlassian, app, customer; of Cloud
	Key       string `json:"key"`
	Name      string `json:"name"`
	Active    *bool  `json:"active"`
}

func (u jiraUser) id() string {
	if u.AccountID != "" {
		return u.AccountID
	}
	return u.Key
}

// login returns the name by which a person names themselves: of Data Center the user name,
// of Cloud, which has none that others could not have too, the id.
func (u jiraUser) login() string {
	if u.AccountID == "" && u.Name != "" {
		return u.Name
	}
	return u.id()
}

// person reports whether a user is a person of the organisation. Data Center does not say
// who is a program.
func (u jiraUser) person() bool {
	return u.id() != "" && (u.AccountID == "" || u.Kind == "atlassian") && (u.Active == nil || *u.Active)
}

// jiraComment reads a new comment, from either event that says so of it and of its ticket:
// comment_created of Cloud (https://developer.atlassian.com/cloud/jira/platform/webhooks/),
// and jira:issue_updated of the kind issue_commented, which Data Center sends too, whose
// comment_created may not say on which ticket it is. is is false for any other.
func jiraComment(body []byte) (c comment, is bool, err error) {
	var e struct {
		Event   string    `json:"webhookEvent"`
		Kind    string    `json:"issue_event_type_name"`
		At      int64     `json:"timestamp"` // in milliseconds since 1970
		Actor   *jiraUser `json:"user"`
		Comment *struct {
			ID      string          `json:"id"`
			Author  jiraUser        `json:"author"`
			Editor  *jiraUser       `json:"updateAuthor"`
			Created string          `json:"created"`
			Updated string          `json:"updated"`
			Body    json.RawMessage `json:"body"`
		} `json:"comment"`
		Issue struct {
			Key string `json:"key"`
		} `json:"issue"`
	}
	if err := strictjson.UnmarshalOpen(body, &e); err != nil {
		return c, false, err
	}
	created := e.Event == "comment_created" || e.Event == "jira:issue_updated" && e.Kind == "issue_commented"
	if !created || e.Comment == nil || e.Issue.Key == "" {
		return c, false, nil
	}
	author := e.Comment.Author
	by := func(u *jiraUser) bool { return u == nil || u.id() == author.id() }
	return comment{ID: e.Comment.ID, Ticket: e.Issue.Key, User: author.id(), Name: author.login(), Text: jiraText(e.Comment.Body), Written: time.UnixMilli(e.At).UTC(),
		Own: author.person() && by(e.Comment.Editor) && by(e.Actor) && (e.Comment.Updated == "" || e.Comment.Updated == e.Comment.Created)}, true, nil
}

// jiraText returns the text of a comment: a string, or a document of the Atlassian
// Document Format (https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/)
// as the lines of its paragraphs. A document that begins with anything else, such as a
// quotation, has no text for Ramp.
func jiraText(body json.RawMessage) string {
	var text string
	if strictjson.UnmarshalOpen(body, &text) == nil {
		return text
	}
	type node struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Content []node `json:"content"`
	}
	var doc node
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) || strictjson.UnmarshalOpen(body, &doc) != nil || doc.Type != "doc" {
		return ""
	}
	var lines []string
	for _, paragraph := range doc.Content {
		if paragraph.Type != "paragraph" {
			break
		}
		line := ""
		for _, n := range paragraph.Content {
			if n.Type == "hardBreak" {
				line += "\n"
			}
			line += n.Text
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
