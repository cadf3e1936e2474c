package jira

import (
	"context"
	"net/http"
	"strings"

	"ramp.dev/ramp/access"
)

// Comment implements source.Commenter, by "Get comments" and "Add comment" of the same
// documentation. The mark is looked for in the newest hundred comments.
func (j *Jira) Comment(ctx context.Context, key, mark, text string) error {
	if !keyForm.MatchString(key) {
		return access.Errorf(access.CodeNotFound, "%q is no key of an issue", access.Clip(key, 40))
	}
	at := "/rest/api/2/issue/" + key + "/comment"
	var there struct {
		Comments *[]struct {
			Body string `json:"body"`
		} `json:"comments"`
	}
	found, err := j.Get(ctx, at+"?orderBy=-created&maxResults=100", &there)
	if err != nil {
		return err
	}
	if !found {
		if err := j.myself(ctx); err != nil {
			return err
		}
		return access.Errorf(access.CodeNotFound, "Jira has no issue %s, or Ramp's user may not see it", key)
	}
	if there.Comments == nil {
		return j.Unexpected("the issue's comments")
	}
	for _, c := range *there.Comments {
		if strings.Contains(c.Body, mark) {
			return nil
		}
	}
	var made struct {
		ID string `json:"id"`
	}
	if _, err := j.Send(ctx, http.MethodPost, at, map[string]string{"body": body(text, mark)}, &made); err != nil {
		return err
	}
	if made.ID == "" {
		return j.Unexpected("the comment's id")
	}
	return nil
}

// body returns the text as Jira shows it, whatever is in it: within noformat nothing is a
// link, an image or a mention of somebody.
func body(text, mark string) string {
	return "{noformat}\n" + strings.NewReplacer("{", "(", "}", ")").Replace(text) + "\n" + mark + "\n{noformat}"
}

// PingComments implements source.Commenter.
func (j *Jira) PingComments(ctx context.Context) error {
	if err := j.Ping(ctx); err != nil {
		return err
	}
	return j.may(ctx, "ADD_COMMENTS")
}
