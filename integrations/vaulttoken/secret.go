package vaulttoken

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Secret is a dynamic secret that contracts may give: an account or a key that Vault
// makes at a path, with a lease, and takes back when the lease ends.
type Secret struct {
	// Path is what is read for one, such as database/creds/orders-read.
	Path string `yaml:"path"`
	// Policy lets a token read that path, and nothing else. The secret's lease belongs to a
	// token with this policy, which nobody sees; when that token ends, Vault ends the lease.
	// No other secret has it and no contract gives it, so it says which secret a grant is for.
	Policy string `yaml:"policy"`
	// Parameters are always sent; the path is then written and not read.
	Parameters map[string]string `yaml:"parameters,omitempty"`
	// TTLParameter is the parameter by which the secrets engine takes a time to live, such as
	// ttl of aws/sts and kubernetes/creds; none if empty.
	TTLParameter string     `yaml:"ttlParameter,omitempty"`
	Credential   Credential `yaml:"credential"`
}

// Credential is what of a secret is handed out, as what.
type Credential struct {
	Kind   string            `yaml:"kind"`             // one of access.CredentialKinds
	Env    map[string]string `yaml:"env,omitempty"`    // variable to field of the secret
	Files  map[string]string `yaml:"files,omitempty"`  // file to field of the secret
	Values map[string]string `yaml:"values,omitempty"` // variable to what it always is, such as a host
	Hint   string            `yaml:"hint,omitempty"`   // one line: how to use it
}

var (
	secretNameShape = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,62}$`)
	// pathShape has no character that a URL, or a path of a policy, reads in another way.
	pathShape      = regexp.MustCompile(`^[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)+$`)
	parameterShape = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
)

// maxSecretHint is in bytes.
const maxSecretHint = 200

// notSecrets are the mounts of Vault itself: what they return is no secret of an engine's.
var notSecrets = []string{"sys", "auth", "identity", "cubbyhole"}

// validateSecrets returns what is wrong with the secrets.
func (c Config) validateSecrets() (issues access.Issues) {
	policies := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Secrets)) {
		s, at := c.Secrets[name], "secrets."+access.Clip(name, 63)
		issues.Require(secretNameShape.MatchString(name), "secret_name", at, "a secret's name is like orders-read: lower case, digits, _, . and -")
		mount, _, _ := strings.Cut(s.Path, "/")
		issues.Require(pathShape.MatchString(s.Path) && !slices.Contains(notSecrets, mount), "secret_path", at+".path", "a path is that of a secrets engine, like database/creds/orders-read")
		issues.Require(policyShape.MatchString(s.Policy) && !slices.Contains(neverGiven, s.Policy) && s.Policy != "default", "policy_malformed", at+".policy", "the policy is needed that lets a token read the path")
		issues.Require(!slices.Contains(c.Policies, s.Policy), "secret_policy", at+".policy", "contracts give the policy %s as well; a secret needs one of its own", access.Clip(s.Policy, 40))
		issues.Require(policies[s.Policy] == "", "secret_policy", at+".policy", "the secret %s has the policy %s too; each needs one of its own", policies[s.Policy], access.Clip(s.Policy, 40))
		policies[s.Policy] = name
		for _, parameter := range slices.Sorted(maps.Keys(s.Parameters)) {
			issues.Require(parameterShape.MatchString(parameter) && parameter != s.TTLParameter, "parameter_malformed", at+".parameters", "%q is no name of a parameter, or is ttlParameter", access.Clip(parameter, 40))
		}
		issues.Require(s.TTLParameter == "" || parameterShape.MatchString(s.TTLParameter), "parameter_malformed", at+".ttlParameter", "it is the name of a parameter, like ttl")
		issues = append(issues, s.Credential.validate(at+".credential")...)
	}
	return issues
}

func (c Credential) validate(at string) (issues access.Issues) {
	kinds := access.CredentialKinds()
	kind, known := kinds[c.Kind]
	if !known {
		issues.Add("credential_kind", at+".kind", "unknown; known are %s", strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
		return issues
	}
	issues.Require(len(c.Env)+len(c.Files) > 0, "credential_empty", at, "it names fields of the secret in env or files")
	for _, names := range []map[string]string{c.Env, c.Values} {
		for _, name := range slices.Sorted(maps.Keys(names)) {
			issues.Require(slices.Contains(kind.Env, name), "credential_env", at, "a credential of kind %s may set %s; not %q", c.Kind, strings.Join(kind.Env, ", "), access.Clip(name, 40))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Values)) {
		issues.Require(c.Env[name] == "", "credential_twice", at+".values", "%s is in env too", access.Clip(name, 40))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		issues.Require(slices.Contains(kind.Files, name), "credential_files", at+".files", "a credential of kind %s may have the files %s", c.Kind, strings.Join(kind.Files, ", "))
	}
	whole := access.Credential{Kind: c.Kind, Hint: c.Hint}
	issues.Require(len(c.Hint) <= maxSecretHint && whole.Validate() == nil, "credential_hint", at+".hint", "it is one line of %d bytes at the most", maxSecretHint)
	return issues
}

// of returns the credential that a secret's fields are. Errors are of code conflict, and
// repeat no value.
func (c Credential) of(fields map[string]any) (access.Credential, error) {
	out := access.Credential{Kind: c.Kind, Hint: c.Hint, Env: maps.Clone(c.Values), Files: map[string]string{}}
	if out.Env == nil {
		out.Env = map[string]string{}
	}
	for into, from := range map[*map[string]string]map[string]string{&out.Env: c.Env, &out.Files: c.Files} {
		for name, field := range from {
			text, ok := fields[field].(string)
			if !ok || text == "" {
				return access.Credential{}, access.Errorf(access.CodeConflict, "the secret has no text in its field %q; it has %s",
					access.Clip(field, 40), access.Clip(strings.Join(slices.Sorted(maps.Keys(fields)), ", "), 200))
			}
			(*into)[name] = text
		}
	}
	return out, nil
}
