package kubernetes

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// api is a client of one cluster's API server. It is safe for concurrent use.
// Kubernetes' own client takes proxies from the environment, follows redirects, and
// waits by itself where the server asks for fewer calls, which Ramp must know of; so
// only its types are used.
type api struct{ *jsonhttp.Client }

func dialect() jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "Kubernetes", Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}},
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		// The API server also says NotFound of a path that it does not serve, and then names
		// no object.
		IsNotFound: func(body []byte) bool {
			said, ok := statusOf(body)
			return ok && said.Reason == meta.StatusReasonNotFound && said.Details != nil && said.Details.Name != ""
		},
		Message: func(body []byte) string {
			if said, ok := statusOf(body); ok {
				return said.Message
			}
			return "in words that are not Kubernetes'"
		},
	}
}

// statusOf returns what the body of an error says, and false for what is not Kubernetes'.
func statusOf(body []byte) (said meta.Status, ok bool) {
	ok = strictjson.UnmarshalOpen(body, &said) == nil && said.Kind == "Status"
	return said, ok
}

// get reads an object. It returns nil if there is none.
func get[T any](ctx context.Context, a api, path string, name func(*T) string) (*T, error) {
	var object T
	found, err := a.Call(ctx, http.MethodGet, path, nil, &object)
	if err != nil || !found {
		return nil, err
	}
	if path[strings.LastIndexByte(path, '/')+1:] != name(&object) {
		return nil, a.Unexpected(http.MethodGet, path)
	}
	return &object, nil
}

// list reads all objects at a path, in pages: those that match a label or field selector, or all.
func list[T any](ctx context.Context, a api, path, kind string, selector url.Values) (all []T, err error) {
	query := url.Values{"limit": {"500"}}
	for name, values := range selector {
		query[name] = values
	}
	for {
		var page struct {
			Kind     string        `json:"kind"`
			Metadata meta.ListMeta `json:"metadata"`
			Items    []T           `json:"items"`
		}
		found, err := a.Call(ctx, http.MethodGet, path+"?"+query.Encode(), nil, &page)
		if err != nil {
			return nil, err
		}
		if !found || page.Kind != kind+"List" {
			return nil, a.Unexpected(http.MethodGet, path)
		}
		all = append(all, page.Items...)
		if page.Metadata.Continue == "" {
			return all, nil
		}
		query.Set("continue", page.Metadata.Continue)
	}
}

// create makes an object below a path. It returns false if there is one of that name.
func (a api) create(ctx context.Context, path string, object, made any) (bool, error) {
	found, err := a.Call(ctx, http.MethodPost, path, object, made)
	switch {
	case access.CodeOf(err) == access.CodeConflict:
		return false, nil
	case err == nil && !found:
		return false, access.Errorf(access.CodeUnavailable, "POST %s: Kubernetes finds no such namespace, or no such role", path)
	}
	return err == nil, err
}

// replace writes an object that was read before. It returns false if the object is gone;
// if somebody else changed it meanwhile, the error is of code unavailable, and trying again
// is right.
func (a api) replace(ctx context.Context, path string, object any) (bool, error) {
	found, err := a.Call(ctx, http.MethodPut, path, object, nil)
	if access.CodeOf(err) == access.CodeConflict {
		return false, access.Errorf(access.CodeUnavailable, "somebody else changed it meanwhile: %w", err)
	}
	return found, err
}

// remove deletes an object, if it is there.
func (a api) remove(ctx context.Context, path string) error {
	_, err := a.Call(ctx, http.MethodDelete, path, nil, nil)
	return err
}
