package centertest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"ramp.dev/ramp/internal/strictjson"
)

// user is a user of the identity store, as far as it is looked for.
type user struct {
	UserId   string
	UserName string
	Emails   []struct{ Value string }
}

// userID returns the id of the user with a name or an address. Moto of Debian 13 (5.1.1) does
// not know the operation, and fails with status 500: then the users are listed.
func (c *Cloud) userID(r *http.Request, body []byte) (*http.Response, error) {
	got, err := c.moto(r, body)
	if err != nil || got.StatusCode != http.StatusInternalServerError {
		return got, err
	}
	var in struct {
		IdentityStoreId     string
		AlternateIdentifier struct {
			UniqueAttribute struct{ AttributePath, AttributeValue string }
		}
	}
	if err := strictjson.UnmarshalOpen(body, &in); err != nil {
		return nil, err
	}
	of := in.AlternateIdentifier.UniqueAttribute
	users, err := c.users(r, in.IdentityStoreId)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		if of.AttributePath == "userName" && u.UserName == of.AttributeValue ||
			of.AttributePath == "emails.value" && slices.ContainsFunc(u.Emails, func(e struct{ Value string }) bool { return e.Value == of.AttributeValue }) {
			return Reply(200, map[string]string{"IdentityStoreId": in.IdentityStoreId, "UserId": u.UserId}), nil
		}
	}
	return Refuse(400, "ResourceNotFoundException", "USER not found."), nil
}

// users lists the users of a store, in the name of a request.
func (c *Cloud) users(r *http.Request, store string) (all []user, err error) {
	ask := r.Clone(r.Context())
	ask.Header.Set("X-Amz-Target", "AWSIdentityStore.ListUsers")
	for next := ""; ; {
		in := map[string]string{"IdentityStoreId": store}
		if next != "" {
			in["NextToken"] = next
		}
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		got, err := c.moto(ask, text)
		if err != nil {
			return nil, err
		}
		if text, err = io.ReadAll(got.Body); err != nil {
			return nil, err
		}
		var page struct {
			Users     []user
			NextToken string
		}
		if err := strictjson.UnmarshalOpen(text, &page); err != nil {
			return nil, err
		}
		all = append(all, page.Users...)
		if next = page.NextToken; next == "" {
			return all, nil
		}
	}
}
