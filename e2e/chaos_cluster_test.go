package e2e

import (
	"context"
	"errors"
	"time"

	rbac "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// clusterFaults are what happens to the cluster: its API server crashes and comes back, and
// somebody with all rights deletes a grant's account and binding, or binds somebody else too.
func (w *chaosInstallation) clusterFaults(kinds map[string]func() fault, short func() time.Duration, once func(kind, prefix string, harm func(id string) error)) {
	down := 0 // several faults may hold it down at once
	kinds["crash of the API server"] = func() fault {
		return fault{lasts: short(), begin: func() bool {
			if down++; down == 1 {
				w.cluster.Kill()
			}
			return true
		}, end: func() {
			if down--; down > 0 {
				return
			}
			if err := w.cluster.Restart(); err != nil {
				w.Errorf("the API server does not come back: %v", err)
			}
		}}
	}
	admin := w.cluster.Client(w.T, w.cluster.Admin)
	once("removed by hand: kubernetes", "chaos-kubernetes", func(id string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		account := admin.CoreV1().ServiceAccounts("ramp-grants").Delete(ctx, grantOf(id), meta.DeleteOptions{})
		binding := admin.RbacV1().RoleBindings("orders").Delete(ctx, grantOf(id), meta.DeleteOptions{})
		if apierrors.IsNotFound(binding) {
			binding = nil
		}
		return errors.Join(account, binding)
	})
	once("widened by hand: kubernetes", "chaos-kubernetes", func(id string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		b, err := admin.RbacV1().RoleBindings("orders").Get(ctx, grantOf(id), meta.GetOptions{})
		if err != nil {
			return err
		}
		b.Subjects = append(b.Subjects, rbac.Subject{Kind: rbac.UserKind, APIGroup: rbac.GroupName, Name: "mallory"})
		_, err = admin.RbacV1().RoleBindings("orders").Update(ctx, b, meta.UpdateOptions{})
		return err
	})
}
