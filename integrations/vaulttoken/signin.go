package vaulttoken

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/secret"
)

// SignIn is how the worker signs in to Vault for a token of its own, where it is not given
// one. One of its fields is set.
type SignIn struct {
	AppRole    *AppRole       `yaml:"appRole,omitempty"`
	Kubernetes *KubernetesJWT `yaml:"kubernetes,omitempty"`
}

// AppRole signs in by Vault's auth method AppRole.
type AppRole struct {
	Mount    string       `yaml:"mount,omitempty"` // where the method is; approle
	RoleID   string       `yaml:"roleID"`
	SecretID field.Secret `yaml:"secretID"` // read at each sign-in
	// Wrapped says that SecretID is a token for response wrapping, which gives the secret id
	// once. The worker then keeps the secret id in memory; when it starts again it needs
	// another.
	Wrapped bool `yaml:"wrapped,omitempty"`
}

// KubernetesJWT signs in by Vault's auth method Kubernetes.
type KubernetesJWT struct {
	Mount string       `yaml:"mount,omitempty"` // where the method is; kubernetes
	Role  string       `yaml:"role"`
	Token field.Secret `yaml:"token,omitempty"` // of the worker's service account, read at each sign-in; where pods have it if it is zero
}

// podToken is where Kubernetes puts the token of a pod's service account.
const podToken = "/var/run/secrets/kubernetes.io/serviceaccount/token" // #nosec G101 -- a path

// validate returns what is wrong. It reaches for nothing.
func (s SignIn) validate() (issues access.Issues) {
	mount := func(field, text string) {
		issues.Require(text == "" || pathShape.MatchString("auth/"+text), "mount_malformed", field, "it is where the auth method is, like approle")
	}
	secret := func(field string, s field.Secret) {
		if err := s.Validate(); err != nil {
			issues.Add("secret_malformed", field, "%s", err)
		}
	}
	// Each by itself: whatever else is wrong, a secret that was written here is said.
	if s.AppRole != nil {
		secret("signIn.appRole.secretID", s.AppRole.SecretID)
	}
	if s.Kubernetes != nil {
		secret("signIn.kubernetes.token", s.Kubernetes.Token)
	}
	switch {
	case (s.AppRole == nil) == (s.Kubernetes == nil):
		issues.Add("sign_in", "signIn", "the worker signs in by appRole or by kubernetes: one of the two")
	case s.AppRole != nil:
		mount("signIn.appRole.mount", s.AppRole.Mount)
		issues.Require(parameterValue(s.AppRole.RoleID), "role_missing", "signIn.appRole.roleID", "the role's id is needed, as Vault prints it")
		issues.Require(!s.AppRole.SecretID.IsZero(), "secret_missing", "signIn.appRole.secretID", "the secret id is needed: file:PATH or env:NAME")
	default:
		mount("signIn.kubernetes.mount", s.Kubernetes.Mount)
		issues.Require(parameterValue(s.Kubernetes.Role), "role_missing", "signIn.kubernetes.role", "the name of a role of the auth method is needed")
	}
	return issues
}

func parameterValue(text string) bool {
	return text != "" && len(text) <= 200 && !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r >= 0x7f })
}

// method is an auth method: where its login is, and what is sent there.
type method interface {
	login(ctx context.Context, v *vault) (path string, data map[string]any, err error)
}

func (s SignIn) method(namespace string) method {
	if s.AppRole != nil {
		return &appRole{AppRole: *s.AppRole, secretID: s.AppRole.SecretID.Cached(), namespace: namespace}
	}
	token := s.Kubernetes.Token
	if token.IsZero() {
		token = field.SecretFile(podToken)
	}
	return kubernetesJWT{*s.Kubernetes, token.Cached()}
}

type kubernetesJWT struct {
	KubernetesJWT
	jwt *secret.Cached
}

func (k kubernetesJWT) login(ctx context.Context, _ *vault) (string, map[string]any, error) {
	jwt, err := k.jwt.Read(ctx)
	if err != nil {
		return "", nil, access.Errorf(access.CodeUnavailable, "the token of the worker's service account: %w", err)
	}
	return "auth/" + cmp.Or(k.Mount, "kubernetes") + "/login", map[string]any{"role": k.Role, "jwt": strings.TrimSpace(jwt)}, nil
}

// appRole is used by one sign-in at a time.
type appRole struct {
	AppRole
	secretID  *secret.Cached
	namespace string // which Vault may put before a path; "" for none
	wrapping  string // the token that was unwrapped last
	unwrapped string // the secret id that was in it
}

func (a *appRole) login(ctx context.Context, v *vault) (string, map[string]any, error) {
	text, err := a.secretID.Read(ctx)
	if err != nil {
		return "", nil, access.Errorf(access.CodeUnavailable, "the secret id: %w", err)
	}
	text = strings.TrimSpace(text)
	if !parameterValue(text) {
		return "", nil, access.Errorf(access.CodeUnavailable, "the secret id is empty or malformed")
	}
	mount := cmp.Or(a.Mount, "approle")
	if a.Wrapped {
		if text, err = a.unwrap(ctx, v, mount, text); err != nil {
			return "", nil, err
		}
	}
	return "auth/" + mount + "/login", map[string]any{"role_id": a.RoleID, "secret_id": text}, nil
}

// unwrap returns the secret id in a token for response wrapping. It can be had once, so a
// token that gives nothing may have been stolen; and one that was not made by this AppRole
// may be a thief's, in the place of the real one.
func (a *appRole) unwrap(ctx context.Context, v *vault, mount, token string) (string, error) {
	if token == a.wrapping {
		return a.unwrapped, nil
	}
	used := func(err error) error {
		if access.CodeOf(err) != access.CodeInvalid && access.CodeOf(err) != access.CodeForbidden {
			return err
		}
		return access.Errorf(access.CodeForbidden, "the wrapped secret id was taken out already, or its time is over. If another worker did not take it, somebody else has it: destroy it in Vault. Then wrap another: %w", err)
	}
	var about struct {
		Data struct {
			Path string `json:"creation_path"`
		} `json:"data"`
	}
	if err := v.write(ctx, "sys/wrapping/lookup", map[string]any{"token": token}, &about); err != nil {
		return "", used(err)
	}
	// From its beginning: everybody may wrap cubbyhole/auth/approle/role/x/secret-id.
	path, begins := strings.CutPrefix(strings.TrimPrefix(about.Data.Path, a.namespace+"/"), "auth/"+mount+"/role/")
	if role, ends := strings.CutSuffix(path, "/secret-id"); !begins || !ends || role == "" || strings.Contains(role, "/") {
		return "", access.Errorf(access.CodeForbidden, "what is wrapped was not made at auth/%s/role/…/secret-id; somebody may have exchanged it, so it was not used", mount)
	}
	var inside struct {
		Data struct {
			SecretID string `json:"secret_id"`
		} `json:"data"`
	}
	wrapped := &vault{Client: v.As(ownToken(token))}
	if err := wrapped.write(ctx, "sys/wrapping/unwrap", nil, &inside); err != nil {
		return "", used(err)
	}
	if !parameterValue(inside.Data.SecretID) {
		return "", v.Unexpected(http.MethodPut, "sys/wrapping/unwrap")
	}
	a.wrapping, a.unwrapped = token, inside.Data.SecretID
	return a.unwrapped, nil
}
