package jsonhttp

import (
	"context"
	"net/http"
	"strings"
)

// Page reads one page of a list, as Call does by GET. next is the path of the next page, by
// the response's Link (RFC 8288), and empty on the last. One at another address is no reply of
// this service: Ramp's own token goes to the configured address only.
func (c *Client) Page(ctx context.Context, path string, out any) (found bool, next string, err error) {
	found, header, err := c.GetWithHeader(ctx, path, out)
	if err != nil || !found {
		return false, "", err
	}
	for _, link := range strings.Split(strings.Join(header.Values("Link"), ","), ",") {
		target, rel, _ := strings.Cut(strings.TrimSpace(link), ">")
		if !strings.Contains(strings.ReplaceAll(rel, `"`, ""), "rel=next") {
			continue
		}
		rest, ours := strings.CutPrefix(strings.TrimPrefix(target, "<"), c.address)
		if !ours || !strings.HasPrefix(rest, "/") {
			return false, "", c.Unexpected(http.MethodGet, path)
		}
		next = rest
	}
	return true, next, nil
}
