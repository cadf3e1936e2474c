package terraform

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"ramp.dev/ramp/access"
)

// Names in a working directory. The root module is Ramp's own; the customer's is a folder
// in it and is called as it is.
const (
	moduleFolder = "module"
	rootFile     = "main.tf.json"
	valuesFile   = "ramp.auto.tfvars.json"
	cliFile      = "cli.tfrc"
	planFile     = "approved.tfplan"
	stateFile    = "terraform.tfstate"
	markName     = "ramp"
	moduleName   = "grant"
)

// jsonObject is one object of JSON that is written for the program.
type jsonObject = map[string]any

// root returns the root module. It holds no value of anybody's: those come as variables,
// which the program does not evaluate, so that a text like ${file("/etc/passwd")} stays
// the text that it is.
//
// What differs from grant to grant (its name, its principal, its end) reaches the module by
// resources of Ramp's own, the marks. Their results are not known before the apply, so a
// plan is the same for every grant of an entitlement, and can be approved before there is
// one; what the module makes of them shows in it as known when it opens. Each is a resource
// by itself, so that a new end leaves the name as it is.
func (r *record) root(b *Backend) jsonObject {
	call := jsonObject{"source": "./" + moduleFolder}
	for name := range r.Inputs {
		call[name] = "${var.inputs[" + quoted(name) + "]}"
	}
	if r.GrantVariable != "" {
		mark := func(name string) string { return "terraform_data." + markName + `["` + name + `"].output` }
		call[r.GrantVariable] = "${{grant = " + mark("grant") + ", principal = " + mark("principal") + ", expires_at = " + mark("expires_at") + "}}"
	}
	root := jsonObject{
		"variable": jsonObject{"marks": jsonObject{"type": "map(string)"}, "inputs": jsonObject{"type": "any"}},
		"resource": jsonObject{"terraform_data": jsonObject{markName: jsonObject{"for_each": "${var.marks}", "input": "${each.value}"}}},
		"module":   jsonObject{moduleName: call},
	}
	if len(r.Outputs) > 0 {
		all := jsonObject{}
		for _, name := range r.Outputs {
			all[name] = jsonObject{"value": "${module." + moduleName + "." + name + "}", "sensitive": true}
		}
		root["output"] = all
	}
	if b != nil {
		root["terraform"] = jsonObject{"backend": jsonObject{b.Type: b.Settings}}
	}
	return root
}

// cliConfig is the program's own configuration: where providers may come from, and that
// nobody is asked for newer versions.
func (c Config) cliConfig() string {
	mirror := string(c.Providers)
	if mirror == "" {
		mirror = filepath.Join(string(c.Runtime), "no-providers")
	}
	text := "disable_checkpoint = true\nprovider_installation {\n  filesystem_mirror {\n    path = \"" + mirror + "\"\n  }\n"
	if c.Downloads {
		text += "  direct {}\n"
	}
	return text + "}\n"
}

// lay writes a working directory for a record: all but the state. What was there before is
// removed, but not the state and its lock, which a run that was killed may still hold.
func (t *target) lay(directory string, m *module, r *record, b *Backend) error {
	if err := clean(directory, stateFile, "."+stateFile+".lock.info"); err != nil {
		return err
	}
	if err := m.files.write(filepath.Join(directory, moduleFolder)); err != nil {
		return err
	}
	root, err := json.Marshal(r.root(b))
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(directory, rootFile), root, 0o600); err != nil {
		return err
	}
	if err := r.writeValues(directory); err != nil {
		return err
	}
	if pins := m.files[lockFile]; pins != nil {
		if err := os.WriteFile(filepath.Join(directory, lockFile), pins, 0o600); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(directory, cliFile), []byte(t.config.cliConfig()), 0o600)
}

// writeValues writes the values of the root module's variables.
func (r *record) writeValues(directory string) error {
	b, err := json.Marshal(jsonObject{"marks": r.marks(), "inputs": r.Inputs})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(directory, valuesFile), b, 0o600)
}

// clean empties a directory but for some names, and makes it where it is missing.
func clean(directory string, keep ...string) error {
	if err := os.MkdirAll(directory, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, name := range keep {
		kept[name] = true
	}
	for _, e := range entries {
		if kept[e.Name()] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(directory, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// checkPins refuses providers that the module does not pin: init adds what is missing to
// the file of pins.
func (m *module) checkPins(directory string) error {
	b, err := os.ReadFile(filepath.Join(directory, lockFile)) // #nosec G304 -- the run's own directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	if string(b) != string(m.files[lockFile]) {
		return access.InvalidField("providers_unpinned", "module", "the module %s needs providers that its %s does not pin for this machine: run `terraform providers lock -platform=linux_amd64` and pin the new version", m.name, lockFile)
	}
	return nil
}

// kept returns the directory in which modules are kept that grants were opened with.
func (t *target) kept(digest string) string {
	return filepath.Join(t.modulesKept, hexOf(digest))
}

// keep keeps a module for closing: the configuration may have another version by then.
func (t *target) keep(m *module) error {
	if _, err := os.Stat(t.kept(m.digest)); err == nil {
		return nil
	}
	scratch, err := os.MkdirTemp(t.modulesKept, ".new-")
	if err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	defer os.RemoveAll(scratch)
	if err := m.files.write(filepath.Join(scratch, moduleFolder)); err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	err = os.Rename(filepath.Join(scratch, moduleFolder), t.kept(m.digest))
	if _, there := os.Stat(t.kept(m.digest)); err != nil && there != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	return nil // another grant's run may have been first
}

// moduleOf returns the module that a record was opened with: of the configuration, or as
// it was kept, if it still has the record's digest. Errors are of code unavailable.
func (t *target) moduleOf(r *record) (*module, error) {
	if m := t.modules[r.Module]; m != nil && m.digest == r.Digest {
		return m, nil
	}
	was := &module{name: r.Module, digest: r.Digest}
	if m := t.modules[r.Module]; m != nil {
		was.config = m.config
	}
	all, err := readDirectory(t.kept(r.Digest))
	if err == nil {
		var digest string
		if digest, err = all.digest(); err == nil && digest != r.Digest {
			err = errors.New("it was changed")
		}
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "%s was opened with the module %q of digest %s, which is not in the configuration and not kept in %s: %w", r.Grant, r.Module, r.Digest, t.modulesKept, err)
	}
	was.files = all
	return was, nil
}
