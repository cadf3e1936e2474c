package client

import (
	"context"
	"net/http"

	"ramp.dev/ramp/access"
)

// Targets returns whether each target can be used, by name; for operators and auditors.
func (c *Client) Targets(ctx context.Context) ([]access.TargetState, error) {
	var out Page[access.TargetState]
	return out.Items, c.do(ctx, http.MethodGet, "/api/v1/targets", nil, nil, &out)
}
