package gcpiam

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/internal/strictjson"
)

// Google's own client waits and tries again by itself where the service asks for fewer calls,
// which Ramp must know of, and takes endpoints and proxies from the environment. Seven
// calls are all that is needed.
func dialect(tokens *jsonhttp.Tokens) jsonhttp.Dialect {
	return jsonhttp.Dialect{Name: "Google Cloud", Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"ramp"}}, Tokens: tokens,
		Authenticate: func(h http.Header, token string) { h.Set("Authorization", "Bearer "+token) },
		IsNotFound:   func(body []byte) bool { said, ok := errorOf(body); return ok && said.Code == http.StatusNotFound },
		Message: func(body []byte) string {
			if said, ok := errorOf(body); ok {
				return strings.TrimSpace(said.Status + " " + said.Message)
			}
			return "in words that are not Google's"
		},
	}
}

type apiError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Status  string `json:"status"` // of resource manager; storage has none
}

// errorOf returns what the body of an error says, and false for what is not Google's.
func errorOf(body []byte) (apiError, bool) {
	var reply struct {
		Error apiError `json:"error"`
	}
	ok := strictjson.UnmarshalOpen(body, &reply) == nil && reply.Error.Code != 0
	return reply.Error, ok
}

// policyVersion is of policies with conditions. Asked for less, Google leaves conditions out.
const policyVersion = 3

// read returns a resource's policy; nil if there is no such resource.
func (t *target) read(ctx context.Context, resource string) (*policy, error) {
	var fields fields
	client, method, path, in := t.manager, http.MethodPost, "/v3/"+resource+":getIamPolicy", any(map[string]any{"options": map[string]any{"requestedPolicyVersion": policyVersion}})
	if bucket, ok := bucketOf(resource); ok {
		client, method, path, in = t.storage, http.MethodGet, "/storage/v1/b/"+bucket+"/iam?optionsRequestedPolicyVersion=3", nil
	}
	found, err := client.Call(ctx, method, path, in, &fields)
	if err != nil || !found {
		return nil, err
	}
	p, ok := fields.policy()
	if !ok {
		return nil, client.Unexpected(method, path)
	}
	return p, nil
}

// write puts a policy in place of the one with the same etag. It returns false if there is
// another by now, which somebody else has written, or which Google shows only now.
func (t *target) write(ctx context.Context, resource string, p *policy) (written bool, err error) {
	client, method, path, in := t.manager, http.MethodPost, "/v3/"+resource+":setIamPolicy", any(map[string]any{"policy": p.fields()})
	bucket, isBucket := bucketOf(resource)
	if isBucket {
		client, method, path, in = t.storage, http.MethodPut, "/storage/v1/b/"+bucket+"/iam", p.fields()
	}
	found, err := client.Call(ctx, method, path, in, nil)
	if refused := jsonhttp.RefusalOf(err); refused != nil && (refused.Status == http.StatusConflict || refused.Status == http.StatusPreconditionFailed) {
		return false, nil
	}
	if err == nil && !found {
		err = access.Errorf(access.CodeUnavailable, "%s went while its policy was written", resource)
	}
	return err == nil, err
}

// held returns which of some permissions Ramp has on a resource. Errors are also of code
// conflict: there is no such resource.
func (t *target) held(ctx context.Context, resource string, wanted []string) ([]string, error) {
	var has struct {
		Permissions []string `json:"permissions"`
	}
	client, method, path, in := t.manager, http.MethodPost, "/v3/"+resource+":testIamPermissions", any(map[string]any{"permissions": wanted})
	if bucket, ok := bucketOf(resource); ok {
		client, method, path, in = t.storage, http.MethodGet, "/storage/v1/b/"+bucket+"/iam/testPermissions?"+url.Values{"permissions": wanted}.Encode(), nil
	}
	found, err := client.Call(ctx, method, path, in, &has)
	if err == nil && !found {
		err = access.Errorf(access.CodeConflict, "Google Cloud has no %s", resource)
	}
	return has.Permissions, err
}

func bucketOf(resource string) (string, bool) { return strings.CutPrefix(resource, "buckets/") }
