package client

import (
	"context"
	"net/http"

	"ramp.dev/ramp/contracts"
)

// ContractsStatus returns which contracts the server has in force.
func (c *Client) ContractsStatus(ctx context.Context) (contracts.Status, error) {
	var out contracts.Status
	return out, c.do(ctx, http.MethodGet, "/api/v1/contracts", nil, nil, &out)
}
