package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"ramp.dev/ramp/contracts"
)

// Choices lists what the caller may choose for a param of a contract: what has every word
// of search, from a cursor on (empty: the first), limit at the most (0: 50).
func (c *Client) Choices(ctx context.Context, contract, param, search, cursor string, limit int) (out contracts.ChoicePage, err error) {
	v := url.Values{"q": {search}, "cursor": {cursor}}
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	path := "/api/v1/catalog/" + url.PathEscape(contract) + "/params/" + url.PathEscape(param) + "/choices?" + v.Encode()
	return out, c.do(ctx, http.MethodGet, path, nil, nil, &out)
}

// Offer returns one contract as the caller may use it.
func (c *Client) Offer(ctx context.Context, contract string) (out contracts.Offer, err error) {
	return out, c.do(ctx, http.MethodGet, "/api/v1/catalog/"+url.PathEscape(contract), nil, nil, &out)
}
