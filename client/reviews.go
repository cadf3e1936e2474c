package client

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"ramp.dev/ramp/review"
)

// KeptReview returns the newest review that the server keeps, as far as the caller may see it.
func (c *Client) KeptReview(ctx context.Context) (review.Report, error) {
	var out review.Report
	return out, c.do(ctx, http.MethodGet, "/api/v1/review", nil, nil, &out)
}

// MakeReview has the server make a review of the requests since a time, and returns it.
func (c *Client) MakeReview(ctx context.Context, since time.Time) (review.Report, error) {
	var out review.Report
	return out, c.do(ctx, http.MethodGet, "/api/v1/review?since="+url.QueryEscape(since.UTC().Format(time.RFC3339)), nil, nil, &out)
}

// MarkFinding says of a finding of the newest kept review what came of it.
func (c *Client) MarkFinding(ctx context.Context, id string, kind review.MarkKind, reason string) (review.Finding, error) {
	var out review.Finding
	body := map[string]string{"mark": string(kind), "reason": reason}
	return out, c.do(ctx, http.MethodPost, "/api/v1/findings/"+url.PathEscape(id)+"/mark", nil, body, &out)
}
