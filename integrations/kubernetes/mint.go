package kubernetes

import (
	"context"
	"net/http"
	"time"

	authentication "k8s.io/api/authentication/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/clock"
)

const (
	// shortestToken is the shortest life that Kubernetes gives a token
	// (kubernetes/kubernetes, pkg/apis/authentication/validation). In access that ends
	// earlier, the token is void once the account is deleted, and not before.
	shortestToken = 10 * time.Minute
	// leeway is how long after the end that a token says API servers still take it, for
	// clocks that differ (go-jose's DefaultLeeway; pkg/serviceaccount/claims.go). So the
	// token says an earlier end.
	leeway = time.Minute
	// shortest is what must be left of a grant for a pick-up.
	shortest = 3 * time.Second
)

// Mint implements integrations.Minter. The credential is a fresh token of the grant's
// account, which Kubernetes ends with the grant, or after eleven minutes if that is later.
// Errors are also of code unavailable: the API server's clock is ahead, or it is slow.
func (t *target) Mint(ctx context.Context, g access.Grant) (access.Credential, error) {
	var none access.Credential
	account, there, err := t.find(ctx, g)
	if err != nil {
		return none, err
	}
	ends := integrations.Earlier(endOf(account.ObjectMeta), g.ExpiresAt)
	left := clock.Until(ends)
	if left < shortest {
		return none, integrations.ErrExpired
	}
	token, until, err := t.token(ctx, g.Name, left)
	if late := until.Sub(ends); err == nil && late > 0 && left > shortestToken+leeway {
		// The server counts from a later time than Ramp. Nobody has this token. The first call
		// took time, and a server counts whole seconds.
		token, until, err = t.token(ctx, g.Name, clock.Until(ends)-late-time.Second)
		if err == nil && until.After(ends) && clock.Until(ends) > shortestToken+leeway {
			return none, access.Errorf(access.CodeUnavailable, "the token would work until %s, after its grant's end; is the API server's clock right?", until.Format(time.RFC3339))
		}
	}
	if err != nil {
		return none, err
	}
	return t.credential(token, firstOf(there), integrations.Earlier(until, ends)), nil
}

// token asks for a token of a grant's account, and returns it with the end of its use.
// Kubernetes counts whole seconds from the beginning of the one in which it makes the
// token, so a part of a second is left for the call.
func (t *target) token(ctx context.Context, grant string, life time.Duration) (string, time.Time, error) {
	seconds := int64(max(life-leeway, shortestToken) / time.Second)
	// Without audiences it is for the API server itself.
	ask := authentication.TokenRequest{TypeMeta: meta.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenRequest"},
		Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds}}
	var made authentication.TokenRequest
	path := t.accountPath(grant) + "/token"
	found, err := t.api.Call(ctx, http.MethodPost, path, ask, &made)
	switch {
	case err != nil:
		return "", time.Time{}, err
	case !found:
		return "", time.Time{}, integrations.ErrRevoked
	case made.Status.Token == "" || made.Status.ExpirationTimestamp.IsZero():
		return "", time.Time{}, t.api.Unexpected(http.MethodPost, path)
	}
	return made.Status.Token, made.Status.ExpirationTimestamp.UTC().Add(leeway), nil
}

// firstOf returns the namespace of a grant's first binding, which is where a client looks
// when it is told no other; empty for one of the whole cluster.
func firstOf(there map[string]binding) (first string) {
	for namespace := range there {
		if first == "" || namespace < first {
			first = namespace
		}
	}
	return first
}

// credential returns what the requester's client gets. It writes a kubeconfig of its own
// from it: such a file may name programs to run, so none is taken from anybody.
func (t *target) credential(token, namespace string, ends time.Time) access.Credential {
	env := map[string]string{"KUBE_HOST": t.config.Clients, "KUBE_TOKEN": token, "KUBE_NAMESPACE": namespace}
	if namespace == "" {
		env["KUBE_NAMESPACE"] = core.NamespaceDefault
	}
	if authorities := t.api.Authorities(); authorities != "" {
		env["KUBE_CLUSTER_CA_CERT_DATA"] = authorities
	}
	return access.Credential{Kind: "kubernetes", Env: env, ExpiresAt: ends,
		Hint: "kubectl …: KUBECONFIG is set, with namespace " + env["KUBE_NAMESPACE"]}
}
