package jsonhttp

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strconv"

	"ramp.dev/ramp/access"
)

const (
	// pageSize is how many entries of a numbered list List asks for at once.
	pageSize = 100
	maxPages = 200
	// readings is how often List reads a list again that changes meanwhile.
	readings = 4
)

// List calls each with every entry of a list whose pages are numbered (page, per_page).
// Whoever leaves a long list while it is read moves the others forward, and one of them from
// a page that is still to come to one that was read, so that they would count as gone: such a
// list counts when two readings are alike. It returns false if the service says that there is
// no such list. Errors are also of code unavailable: the list changes all the time.
func List[T any](ctx context.Context, c *Client, path string, query url.Values, each func(T)) (bool, error) {
	all, long, found, err := readPages[T](ctx, c, path, query)
	for n := 1; err == nil && found && long; n++ {
		before := all
		if all, long, found, err = readPages[T](ctx, c, path, query); err != nil || reflect.DeepEqual(before, all) {
			break
		}
		if n == readings {
			return false, access.Errorf(access.CodeUnavailable, "%s changed %d times while it was read", path, n)
		}
	}
	if err != nil || !found {
		return false, err
	}
	for _, one := range all {
		each(one)
	}
	return true, nil
}

// readPages reads a list once. A page may have fewer entries than asked for without being the
// last, so it goes on to one that is empty. long reports whether there may have been something
// on a second one.
func readPages[T any](ctx context.Context, c *Client, path string, query url.Values) (all []T, long, found bool, err error) {
	for n := 1; n <= maxPages; n++ {
		q := url.Values{"per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(n)}}
		for k, v := range query {
			q[k] = v
		}
		var page []T
		found, err := c.Call(ctx, http.MethodGet, path+"?"+q.Encode(), nil, &page)
		if err != nil || !found {
			return nil, false, false, err
		}
		all = append(all, page...)
		if len(page) == 0 {
			return all, n > 2 || len(all) >= pageSize, true, nil
		}
	}
	return nil, false, false, access.Errorf(access.CodeUnavailable, "%s has more than %d pages", path, maxPages)
}
