package terraform

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-config-inspect/tfconfig"
	"golang.org/x/mod/sumdb/dirhash"

	"ramp.dev/ramp/access"
)

// files are a module's files, by their paths with slashes. What runs is written from
// here, so that nothing on disk can change between the check of a digest and its use.
type files map[string][]byte

const (
	maxModule = 4 << 20 // bytes of all files
	maxFiles  = 1000
	lockFile  = ".terraform.lock.hcl"
)

// module is a module as it was read and checked.
type module struct {
	name   string
	digest string
	files  files
	config Module
}

// errChangedModule says (invalid) that a module is not as it was pinned.
func errChangedModule(at, has, pinned string) error {
	return access.InvalidField("digest_differs", at, "the files have the digest %s, and %s is pinned; compare them, and pin the new one if the change is right", has, pinned)
}

// readModule reads a module at its pinned version and checks it. Errors are of code
// invalid and unavailable.
func readModule(name string, c Module, scratch string) (*module, error) {
	at := "modules." + name
	m := &module{name: name, config: c}
	var err error
	if c.Git != nil {
		m.files, err = readCommit(*c.Git)
	} else {
		m.files, err = readDirectory(string(c.Directory))
	}
	if err != nil {
		return nil, access.Errorf(access.CodeOf(err), "%s: %w", at, err)
	}
	if m.digest, err = m.files.digest(); err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%s: %w", at, err)
	}
	if c.Git == nil && m.digest != c.Digest {
		return nil, errChangedModule(at+".digest", m.digest, c.Digest)
	}
	return m, m.inspect(at, scratch)
}

// Digest returns the digest over the files of a module in a directory, as configurations
// pin it. Errors are of code unavailable, and invalid (it is no module that can be pinned).
func Digest(directory string) (string, error) {
	all, err := readDirectory(directory)
	if err != nil {
		return "", err
	}
	return all.digest()
}

// left are directories that are no part of a module.
func left(name string) bool { return name == ".terraform" || name == ".git" }

func readDirectory(directory string) (files, error) {
	all := files{}
	size := 0
	err := filepath.WalkDir(directory, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return access.Errorf(access.CodeUnavailable, "%w", err)
		case d.IsDir() && left(d.Name()):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		case !d.Type().IsRegular():
			return access.Errorf(access.CodeInvalid, "%s is no plain file; a module has nothing else, and no links", at)
		}
		relative, err := filepath.Rel(directory, at)
		if err != nil {
			return err
		}
		b, err := os.ReadFile(at) // #nosec G304 G122 -- the operator names the directory, and the digest over what was read decides
		if err != nil {
			return access.Errorf(access.CodeUnavailable, "%w", err)
		}
		size += len(b)
		all[filepath.ToSlash(relative)] = b
		return all.check(size)
	})
	if err == nil && len(all) == 0 {
		err = access.Errorf(access.CodeInvalid, "there is no file in %s", directory)
	}
	return all, err
}

func (f files) check(size int) error {
	if size > maxModule || len(f) > maxFiles {
		return access.Errorf(access.CodeInvalid, "a module has %d files and %d MiB at the most", maxFiles, maxModule>>20)
	}
	return nil
}

// digest is as go.sum has it of a module of Go's: over the names and contents of all files.
func (f files) digest() (string, error) {
	return dirhash.Hash1(slices.Collect(maps.Keys(f)), func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(f[name])), nil
	})
}

// write writes the files into a directory, which belongs to the worker alone.
func (f files) write(directory string) error {
	for name, content := range f {
		if !filepath.IsLocal(filepath.FromSlash(name)) {
			return access.Errorf(access.CodeInvalid, "%q is no path within a module", name)
		}
		at := filepath.Join(directory, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(at, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// inspect checks, without running anything, what a module needs: nothing but its own files
// and providers that it pins itself, and the variables and outputs that the configuration
// names.
func (m *module) inspect(at, scratch string) error {
	directory, err := os.MkdirTemp(scratch, "inspect-")
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	defer os.RemoveAll(directory)
	if err := m.files.write(directory); err != nil {
		return access.Errorf(access.CodeUnavailable, "%s: %w", at, err)
	}
	var issues access.Issues
	for _, name := range sortedKeys(m.files) {
		// OpenTofu reads them, and what they call would be pinned by nobody.
		issues.Require(!strings.HasSuffix(name, ".tofu") && !strings.HasSuffix(name, ".tofu.json"), "module_tofu", at, "%s is a file that only OpenTofu reads; Ramp inspects *.tf and *.tf.json", access.Clip(name, 100))
	}
	top := m.load(&issues, at, directory, ".", map[string]bool{})
	if top == nil {
		return issues.Err()
	}
	m.checkVariables(&issues, at, top)
	if m.config.Credential != nil {
		for _, name := range m.config.Credential.outputs() {
			issues.Require(top.Outputs[name] != nil, "credential_output", at+".credential", "the module has no output %q", access.Clip(name, 60))
		}
	}
	return issues.Err()
}

// load reads one folder of the module and those that it calls.
func (m *module) load(issues *access.Issues, at, directory, folder string, seen map[string]bool) *tfconfig.Module {
	if seen[folder] {
		return nil
	}
	seen[folder] = true
	found, problems := tfconfig.LoadModule(filepath.Join(directory, filepath.FromSlash(folder)))
	if problems.HasErrors() {
		issues.Add("module_malformed", at, "in %s: %s", folder, access.Clip(strings.ReplaceAll(problems.Error(), directory, ""), 300))
		return nil
	}
	for name, needed := range found.RequiredProviders {
		own := needed.Source == "terraform.io/builtin/terraform" || needed.Source == "" && name == "terraform"
		issues.Require(own || m.files[lockFile] != nil, "providers_unpinned", at, "it needs the provider %s, and has no %s that pins it: run `terraform providers lock` and add the file", name, lockFile)
	}
	for _, call := range found.ModuleCalls {
		inside := path.Join(folder, call.Source)
		if !(strings.HasPrefix(call.Source, "./") || strings.HasPrefix(call.Source, "../")) || inside == ".." || strings.HasPrefix(inside, "../") {
			issues.Add("module_foreign", at, "in %s, module %s comes from %q; what runs is in the module's own files, which are pinned: copy it there", folder, call.Name, access.Clip(call.Source, 100))
			continue
		}
		m.load(issues, at, directory, inside, seen)
	}
	return found
}

func (m *module) checkVariables(issues *access.Issues, at string, top *tfconfig.Module) {
	set := map[string]bool{}
	for name, v := range m.config.Variables {
		set[name] = true
		declared := top.Variables[name]
		issues.Require(declared == nil || !v.Optional || !declared.Required, "variable_required", at+".variables."+name, "the module has no default for it, so it is not optional")
	}
	for name := range m.config.Fixed {
		set[name] = true
	}
	if m.config.GrantVariable != "" {
		set[m.config.GrantVariable] = true
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		issues.Require(top.Variables[name] != nil && !reserved(name), "variable_unknown", at, "the module has no variable %q", access.Clip(name, 60))
	}
	for _, name := range slices.Sorted(maps.Keys(top.Variables)) {
		issues.Require(set[name] || !top.Variables[name].Required, "variable_unset", at, "the module needs the variable %q; set it in variables, fixed or grantVariable", access.Clip(name, 60))
	}
}
