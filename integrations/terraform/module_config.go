package terraform

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/plaintext"
)

// Module is one module that contracts may open, at one version.
type Module struct {
	// Directory has the module's files; Digest is the one over all of them, in the form of
	// go.sum ("h1:…"). What is in Directory may change; what has another digest is not used.
	Directory field.File `yaml:"directory,omitempty"`
	Digest    string     `yaml:"digest,omitempty"`
	// Git is a commit of a repository on this machine, in place of Directory and Digest.
	Git *Git `yaml:"git,omitempty"`
	// Variables are those that contracts may set, Fixed are those that they may not.
	Variables map[string]Variable `yaml:"variables,omitempty"`
	Fixed     map[string]any      `yaml:"fixed,omitempty"`
	// GrantVariable is the module's variable, of type
	// object({grant=string, principal=string, expires_at=string}), that Ramp sets.
	GrantVariable string `yaml:"grantVariable,omitempty"`
	// Ends says how access ends when Ramp is gone, as the module sees to it.
	Ends string `yaml:"ends,omitempty"`
	// Adopts says that the module can be applied again after an apply was killed in the
	// middle: creating what is there already takes it over.
	Adopts     bool        `yaml:"adopts,omitempty"`
	Credential *Credential `yaml:"credential,omitempty"` // handed out at pick-up
}

// Git is a version of a module in a repository.
type Git struct {
	Repository field.File `yaml:"repository"` // a clone on this machine, bare or not
	Commit     string     `yaml:"commit"`     // whole, in hexadecimal
	Path       string     `yaml:"path,omitempty"`
}

// Credential is which outputs are handed out, as what.
type Credential struct {
	// Kind is one of access.CredentialKinds; terraform if empty, which is one file
	// outputs.json with Outputs.
	Kind    string            `yaml:"kind,omitempty"`
	Outputs []string          `yaml:"outputs,omitempty"`
	Env     map[string]string `yaml:"env,omitempty"`   // variable to output
	Files   map[string]string `yaml:"files,omitempty"` // file to output
	Hint    string            `yaml:"hint,omitempty"`  // one line: how to use it
}

// kindTerraform is the kind of credential that is a file of outputs.
const (
	kindTerraform = "terraform"
	outputsFile   = "outputs.json"
)

const maxEnds = 300

var (
	digestShape = regexp.MustCompile(`^h1:[A-Za-z0-9+/]{43}=$`)
	commitShape = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

func (m Module) validate(at string) (issues access.Issues) {
	switch {
	case (m.Git == nil) == (m.Directory == ""):
		issues.Add("module_source", at, "a module is in a directory, or at a commit (git): one of the two")
	case m.Git != nil:
		issues.Require(m.Digest == "", "module_source", at+".digest", "the commit pins what it has; leave the digest out")
		issues.Require(m.Git.Repository != "", "git_missing", at+".git.repository", "the path of a clone on this machine is needed")
		issues.Require(commitShape.MatchString(m.Git.Commit), "git_commit", at+".git.commit", "a whole commit id is needed, in lower case: 40 hexadecimal digits; branches and tags move")
	default:
		issues.Require(m.Digest == "" || digestShape.MatchString(m.Digest), "digest_malformed", at+".digest", "it begins with h1: and has 44 characters after it")
		issues.Require(m.Digest != "", "digest_missing", at+".digest", "the digest over the module's files is needed: `ramp terraform-digest DIRECTORY` prints it")
	}
	names := map[string]string{}
	once := func(name, place string) {
		issues.Require(nameShape.MatchString(name), "variable_name", place, "a variable's name is letters, digits, _ and -")
		issues.Require(names[name] == "", "variable_twice", place, "it is set in %s too", names[name])
		names[name] = place
	}
	for _, name := range slices.Sorted(maps.Keys(m.Variables)) {
		place := at + ".variables." + access.Clip(name, 64)
		once(name, place)
		issues = append(issues, m.Variables[name].validate(place)...)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fixed)) {
		once(name, at+".fixed."+access.Clip(name, 64))
	}
	if m.GrantVariable != "" {
		once(m.GrantVariable, at+".grantVariable")
	}
	issues.Require(plaintext.IsLine(m.Ends) && len(m.Ends) <= maxEnds, "ends_malformed", at+".ends", "it is one line of %d characters at the most", maxEnds)
	if m.Credential != nil {
		issues = append(issues, m.Credential.validate(at+".credential")...)
	}
	return issues
}

// reserved are the arguments of a module block that are no variables.
func reserved(name string) bool {
	return slices.Contains([]string{"source", "version", "providers", "count", "for_each", "depends_on", "lifecycle"}, name)
}

func (c Credential) kind() string {
	if c.Kind == "" {
		return kindTerraform
	}
	return c.Kind
}

func (c Credential) validate(at string) (issues access.Issues) {
	kind, known := access.CredentialKinds()[c.kind()]
	if !known {
		issues.Add("credential_kind", at+".kind", "unknown; known are %s", strings.Join(slices.Sorted(maps.Keys(access.CredentialKinds())), ", "))
		return issues
	}
	if c.kind() == kindTerraform {
		issues.Require(len(c.Outputs) > 0 && len(c.Env)+len(c.Files) == 0, "credential_outputs", at+".outputs", "of kind terraform, a credential is a list of outputs, which are handed out as the file %s", outputsFile)
	} else {
		issues.Require(len(c.Outputs) == 0 && len(c.Env)+len(c.Files) > 0, "credential_outputs", at, "of kind %s, a credential names outputs in env and files", c.Kind)
	}
	for name := range c.Env {
		issues.Require(slices.Contains(kind.Env, name), "credential_env", at+".env", "a credential of kind %s may set %s", c.kind(), strings.Join(kind.Env, ", "))
	}
	for name := range c.Files {
		issues.Require(slices.Contains(kind.Files, name), "credential_files", at+".files", "a credential of kind %s may have the files %s", c.kind(), strings.Join(kind.Files, ", "))
	}
	issues.Require(plaintext.IsLine(c.Hint) && len(c.Hint) <= 200, "credential_hint", at+".hint", "it is one line of 200 characters at the most")
	return issues
}

// outputs returns the names of all outputs that are handed out, in order.
func (c Credential) outputs() []string {
	all := slices.Concat(c.Outputs, slices.Collect(maps.Values(c.Env)), slices.Collect(maps.Values(c.Files)))
	slices.Sort(all)
	return slices.Compact(all)
}
