package kubernetes

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	certificates "k8s.io/api/certificates/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"ramp.dev/ramp/access"
)

// leavesNobodyMore: who may change roles writes what they may do for an hour into a role
// that they have for ever. Kubernetes lets them, since nobody gives more than they have. And
// who may approve certificates approves one that somebody else asked for.
func leavesNobodyMore(t *testing.T, w *world) {
	target, ctx, outlives := w.open(t), t.Context(), "changes no roles and bindings"
	orders := w.admin.RbacV1().Roles(w.orders())
	g := newGrant(time.Hour, w.all())
	mine := w.Client(t, w.minted(t, target, g).Env["KUBE_TOKEN"])
	daily, err := orders.Get(ctx, "debugger", meta.GetOptions{})
	require.NoError(t, err)
	daily.Rules = append(daily.Rules, rbac.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, Verbs: []string{"list"}})
	require.ErrorContains(t, second(mine.RbacV1().Roles(w.orders()).Update(ctx, daily, meta.UpdateOptions{})), outlives)
	require.ErrorContains(t, second(mine.RbacV1().Roles(w.orders()).Create(ctx, &rbac.Role{ObjectMeta: meta.ObjectMeta{Name: "later"}, Rules: daily.Rules}, meta.CreateOptions{})), outlives)
	require.ErrorContains(t, mine.RbacV1().Roles(w.orders()).Delete(ctx, "debugger", meta.DeleteOptions{}), outlives)
	require.NoError(t, target.Revoke(ctx, g))

	everywhere := newGrant(time.Hour, w.everywhere())
	mine = w.Client(t, w.minted(t, target, everywhere).Env["KUBE_TOKEN"])
	asked, err := w.admin.CertificatesV1().CertificateSigningRequests().Create(ctx, signing(t), meta.CreateOptions{})
	require.NoError(t, err)
	asked.Status.Conditions = append(asked.Status.Conditions, certificates.CertificateSigningRequestCondition{Type: certificates.CertificateApproved, Status: core.ConditionTrue, Reason: "mine"})
	require.ErrorContains(t, second(mine.CertificatesV1().CertificateSigningRequests().UpdateApproval(ctx, asked.Name, asked, meta.UpdateOptions{})), outlives)
	require.NoError(t, target.Revoke(ctx, everywhere))

	// Somebody's webhook refuses that accounts are deleted: they have nothing all the same.
	g = newGrant(time.Hour, w.both())
	w.minted(t, target, g)
	kept, err := w.config.open(ctx, "kubernetes/test", func(next http.RoundTripper) http.RoundTripper { return keepsAccounts{next} })
	require.NoError(t, err)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(kept.Revoke(ctx, g)))
	there, err := target.bindings(ctx, g.Name)
	require.NoError(t, err)
	require.Empty(t, there)
	r, err := target.Inspect(ctx, g)
	require.NoError(t, err)
	require.True(t, r.Open)
	require.NoError(t, target.Revoke(context.WithoutCancel(ctx), g))
}

// keepsAccounts is a network over which no service account is deleted.
type keepsAccounts struct{ next http.RoundTripper }

func (k keepsAccounts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/serviceaccounts/") {
		return nil, errors.New("connection refused")
	}
	return k.next.RoundTrip(r)
}

// signing is a request for a certificate of somebody who is nobody yet.
func signing(t *testing.T) *certificates.CertificateSigningRequest {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "mallory"}}, key)
	require.NoError(t, err)
	return &certificates.CertificateSigningRequest{ObjectMeta: meta.ObjectMeta{GenerateName: "mine-"}, Spec: certificates.CertificateSigningRequestSpec{
		SignerName: "kubernetes.io/kube-apiserver-client", Request: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), Usages: []certificates.KeyUsage{"client auth"}}}
}
