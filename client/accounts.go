package client

import (
	"context"
	"net/http"

	"ramp.dev/ramp/access"
)

// AccountLinks lists which accounts are linked to which humans.
func (c *Client) AccountLinks(ctx context.Context) ([]access.AccountLink, error) {
	var out Page[access.AccountLink]
	err := c.do(ctx, http.MethodGet, "/api/v1/accounts", nil, nil, &out)
	return out.Items, err
}

// LinkAccount makes an account count as a human's.
func (c *Client) LinkAccount(ctx context.Context, account, human string) error {
	return c.do(ctx, http.MethodPost, "/api/v1/accounts/link", nil, map[string]string{"account": account, "human": human}, nil)
}

// UnlinkAccount lets an account count for itself again.
func (c *Client) UnlinkAccount(ctx context.Context, account string) error {
	return c.do(ctx, http.MethodPost, "/api/v1/accounts/unlink", nil, map[string]string{"account": account}, nil)
}
