package main

// clusters returns the mutants of the target Kubernetes.
func clusters() []mutant {
	const setup, dir, tests = "integrations/kubernetes/setup.yaml", "integrations/kubernetes/", "./integrations/kubernetes -run "
	return []mutant{
		{"a thief of Ramp's token binds anybody in Kubernetes", setup, "object.subjects[0].name == object.metadata.name && ", "", []string{tests + "TestKubernetes/Case137"}},
		{"a thief of Ramp's token deletes others' bindings in Kubernetes", setup, `'request.name.matches("^ramp-[0-9a-hjkmnp-tv-z]{16}-[a-j]$")'`, `'request.name != ""'`, []string{tests + "TestKubernetes/Case137"}},
		{"access to Kubernetes makes tokens that outlive it", setup, "      - {apiGroups: [\"\"], apiVersions: [\"*\"], resources: [serviceaccounts/token], operations: [CREATE]}\n      - {apiGroups: [certificates", "      - {apiGroups: [certificates", []string{tests + "TestKubernetes/Case136Acts"}},
		{"access to Kubernetes makes secrets that outlive it", setup, `request.resource.resource == "secrets" && object.type != "kubernetes.io/service-account-token"`, `request.resource.resource == "secrets"`, []string{tests + "TestKubernetes/Case136Acts"}},
		{"access to Kubernetes gives more to roles that outlive it", setup, "resources: [roles, clusterroles, rolebindings", "resources: [rolebindings", []string{tests + "TestKubernetes/Case136Leaves"}},
		{"access to Kubernetes approves certificates that outlive it", setup, "certificatesigningrequests/approval, ", "", []string{tests + "TestKubernetes/Case136Leaves"}},
		{"bindings of Kubernetes stay where the account cannot be deleted", dir + "revoke.go", "return cmp.Or(t.dropAccount(ctx, account), t.dropBindings(ctx, g.Name))", "if err := t.dropAccount(ctx, account); err != nil {\n\t\treturn err\n\t}\n\treturn cmp.Or(t.dropBindings(ctx, g.Name))", []string{tests + "TestKubernetes/Case136Leaves"}},
		{"access to the whole cluster changes Ramp's own namespaces of Kubernetes", setup, "      expression: \"false\"", "      expression: \"true\"", []string{tests + "TestKubernetes/Case136Acts"}},
		{"a finalizer keeps an account of Kubernetes", dir + "revoke.go", "if len(account.Finalizers) > 0 {", "if false {", []string{tests + "TestKubernetes/Case136Nothing"}},
		{"a finalizer keeps a binding of Kubernetes", dir + "revoke.go", "if len(b.Finalizers) > 0 {", "if false {", []string{tests + "TestKubernetes/Case136Nothing"}},
		{"an account of Kubernetes that hangs counts as gone", dir + "target.go", "account, err := t.anyAccount(ctx, g.Name)", "account, err := t.account(ctx, g.Name)", []string{tests + "TestKubernetes/Case136Nothing"}},
		{"a token of Kubernetes works for a minute after its grant", dir + "mint.go", "leeway = time.Minute", "leeway = 0 * time.Minute", []string{tests + "TestKubernetes/TokensEnd"}},
		{"a token of Kubernetes ends by a clock that is ahead", dir + "mint.go", "late := until.Sub(ends); err == nil && late > 0 &&", "late := until.Sub(ends); err == nil && late > 1000*time.Hour &&", []string{tests + "TestKubernetes/Clocks"}},
		{"bindings by hand of Kubernetes are not seen", dir + "drift.go", "return s.Kind == rbac.ServiceAccountKind && s.Name == grant", "return false && s.Name == grant", []string{tests + "TestKubernetes/Conformance/drift"}},
		{"a binding of Kubernetes by the name of a user is not seen", dir + "drift.go", "if s.Kind == rbac.UserKind {", "if false {", []string{tests + "TestKubernetes/Conformance/drift"}},
		{"a token of Kubernetes without an end is not seen", dir + "drift.go", "if s.Annotations[core.ServiceAccountNameKey] == grant {", "if false {", []string{tests + "TestKubernetes/Conformance/drift"}},
		{"a binding of Kubernetes for others too is as it was granted", dir + "objects.go", "b.RoleRef == role && slices.Equal(b.Subjects, t.subjects(b.Name))", "b.RoleRef == role", []string{tests + "TestKubernetes/Conformance/drift"}},
		{"any 404 says that nothing is left in Kubernetes", dir + "api.go", "return ok && said.Reason == meta.StatusReasonNotFound && said.Details != nil && said.Details.Name != \"\"", "_, _ = said, ok\n\t\t\treturn true", []string{tests + "TestAccountNotFound"}},
		{"an empty reply says that nothing is left in Kubernetes", dir + "api.go", "if !found || page.Kind != kind+\"List\" {", "if !found {", []string{tests + "TestNotKubernetes"}},
		{"Ramp's account of Kubernetes may have any rights", dir + "rights.go", "		if has(one) {\n", "		if has(one) && false {\n", []string{tests + "TestKubernetes/Ping"}},
		{"everybody's rights in Ramp's namespace of Kubernetes are not seen", dir + "ping.go", "return s.Kind == rbac.GroupKind && s.Name ==", "return false && s.Name ==", []string{tests + "TestKubernetes/Ping"}},
		{"a grant of Kubernetes that was revoked meanwhile stays bound", dir + "grant.go", "		if err := t.dropBindings(ctx, a.Name); err != nil {\n			return err\n		}\n", "		_ = ctx\n", []string{tests + "TestKubernetes/RevokedMeanwhile"}},
		{"a kubeconfig is taken that somebody handed out", "access/credential_kind.go", `Env:      []string{"KUBE_HOST",`, `Env:      []string{"KUBECONFIG", "KUBE_HOST",`, []string{"./cmd/ramp/internal/credential -run TestCase54Kubeconfig"}},
		{"a token of Kubernetes is sent in clear", "cmd/ramp/internal/credential/kubernetes.go", "case len(integrations.CheckAddress(\"\", host)) > 0:", "case len(integrations.CheckAddress(\"\", host)) > 1:", []string{"./cmd/ramp/internal/credential -run TestCase54Kubeconfig"}},
	}
}
