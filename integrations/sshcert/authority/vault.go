package authority

import (
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/jsonhttp"
	"ramp.dev/ramp/integrations/vaultapi"
	"ramp.dev/ramp/internal/clock"
)

// Vault says which role of Vault's SSH secrets engine signs.
type Vault struct {
	jsonhttp.Config `yaml:",inline"`
	Namespace       string `yaml:"namespace,omitempty"` // of Vault Enterprise
	Mount           string `yaml:"mount,omitempty"`     // of the engine; ssh if empty
	Role            string `yaml:"role"`                // of key type ca
}

var (
	pathShape = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)
	roleShape = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`)
)

func (v Vault) validate() access.Issues {
	issues := v.Config.Validate()
	issues.Require(v.Namespace == "" || pathShape.MatchString(v.Namespace), "namespace_malformed", "namespace", "a namespace is like team or team/project")
	issues.Require(v.Mount == "" || pathShape.MatchString(v.Mount), "mount_malformed", "mount", "where the engine is mounted, such as ssh or ramp/ssh")
	issues.Require(roleShape.MatchString(v.Role), "role_malformed", "role", "the name of a role of the engine is needed")
	return issues
}

// open returns the authority. It does not call Vault.
func (v Vault) open(public ssh.PublicKey) (Authority, error) {
	if v.Mount == "" {
		v.Mount = "ssh"
	}
	dialect := vaultapi.Dialect(v.Namespace)
	dialect.IsNotFound = func([]byte) bool { return false } // signing finds something, or is at a wrong path
	client, err := v.Config.Open(dialect, nil)
	return &inVault{public: public, vault: client, path: "/v1/" + v.Mount + "/sign/" + v.Role}, err
}

// inVault is an authority in Vault's SSH secrets engine. It is safe for concurrent use.
type inVault struct {
	public ssh.PublicKey
	vault  *jsonhttp.Client
	path   string
}

// Public implements Authority.
func (v *inVault) Public() ssh.PublicKey { return v.public }

// tries is how often Vault is asked for a certificate that ends by the grant's end.
const tries = 4

// Sign implements Authority. Vault counts from when it signs, by its own clock, so what
// it signs may end later than was meant; then a shorter one is asked for, and the other
// leaves this function never.
func (v *inVault) Sign(ctx context.Context, w Wanted) (*ssh.Certificate, error) {
	seconds := int64(w.Ends.Sub(clock.Now()) / time.Second)
	for try := 1; ; try++ {
		if seconds <= 0 {
			return nil, access.Errorf(access.CodeUnavailable, "Vault was asked for a certificate until %s, and its clock, or the way to it, leaves no time for one", w.Ends.Format(time.RFC3339))
		}
		cert, err := v.ask(ctx, w, seconds)
		if err != nil {
			return nil, err
		}
		over := int64(cert.ValidBefore) - w.Ends.Unix() // #nosec G115 -- for ever is a negative number, and refused below
		if over <= 0 || try == tries {
			return cert, w.check(cert, v.public)
		}
		seconds -= over
	}
}

// ask has Vault sign once, for so many seconds from now.
func (v *inVault) ask(ctx context.Context, w Wanted, seconds int64) (*ssh.Certificate, error) {
	in := map[string]any{
		"public_key": strings.TrimSpace(string(ssh.MarshalAuthorizedKey(w.Key))), "cert_type": "user", "key_id": w.Grant, "valid_principals": w.Grant,
		"ttl": strconv.FormatInt(seconds, 10) + "s",
		// A role's own defaults fill what is empty. Sign refuses such a certificate.
		"critical_options": w.criticalOptions(), "extensions": w.extensions(),
	}
	var out struct {
		Data struct {
			SignedKey string `json:"signed_key"`
		} `json:"data"`
	}
	if _, err := v.vault.Call(ctx, http.MethodPut, v.path, in, &out); err != nil {
		if access.CodeOf(err) == access.CodeInvalid {
			// What people asked for is valid; the role is not made for it, which passes once
			// somebody has put it right.
			err = access.Errorf(access.CodeForbidden, "Vault's role does not allow what Ramp needs (%s): %w", strings.Join(w.needs(), ", "), err)
		}
		return nil, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(out.Data.SignedKey))
	cert, ok := key.(*ssh.Certificate)
	if err != nil || !ok {
		return nil, v.vault.Unexpected(http.MethodPut, v.path)
	}
	return cert, nil
}

// needs are the critical options and extensions that a role must allow.
func (w Wanted) needs() []string {
	out := slices.Concat([]string{"allow_user_certificates", "allow_user_key_ids", `allowed_users "*"`}, slices.Sorted(maps.Keys(w.CriticalOptions)), w.Extensions)
	return out
}
