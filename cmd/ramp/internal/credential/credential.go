// Package credential puts a credential to use on the requester's machine. It
// believes little of what it is handed, keeps what is there, and leaves nothing
// behind.
package credential

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
)

// Place fills a credential in for the directory that its files will be in, and
// returns those files. Errors are CodeEvidence for a credential that brings more
// than its kind may.
func Place(cred access.Credential, dir string) (access.Credential, map[string]string, error) {
	if err := cred.Validate(); err != nil {
		return cred, nil, err
	}
	fill := func(s string) string { return strings.ReplaceAll(s, "{{dir}}", dir) }
	files := maps.Clone(cred.Files)
	if cred.Kind == "ssh" {
		config, err := sshConfig(cred.Files["config"], dir)
		if err != nil {
			return cred, nil, err
		}
		files["config"] = config
	}
	env, arguments := map[string]string{}, map[string][]string{}
	for name, v := range cred.Env {
		env[name] = fill(v)
	}
	if own, has := ownFiles()[cred.Kind]; has {
		content, err := own.write(cred.Env, dir)
		if err != nil {
			return cred, nil, err
		}
		if files == nil {
			files = map[string]string{}
		}
		files[own.name] = content
		for _, variable := range own.variables {
			env[variable] = dir + "/" + own.name
		}
		if own.folder != "" {
			env[own.folder] = dir
		}
	}
	if _, has := files[outputsFile]; has {
		env["RAMP_OUTPUTS"] = dir + "/" + outputsFile
	}
	for program, args := range cred.Arguments {
		for _, a := range args {
			arguments[program] = append(arguments[program], fill(a))
		}
	}
	cred.Env, cred.Arguments, cred.Files = env, arguments, files
	return cred, files, nil
}

// outputsFile is what a Terraform module hands out, which no program finds by itself.
const outputsFile = "outputs.json"

// ownFile is a file that the client writes itself from a credential's variables: one
// that came with it could name a program to run.
type ownFile struct {
	name      string
	variables []string // that name it
	folder    string   // the variable that names the directory that it is in; "" if none does
	write     func(env map[string]string, dir string) (string, error)
}

// ownFiles returns them by the kind of credential.
func ownFiles() map[string]ownFile {
	return map[string]ownFile{
		"postgres":   {serviceFile, []string{"PGSERVICEFILE"}, "", pgService},
		"kubernetes": {"kubeconfig", []string{"KUBECONFIG", "KUBE_CONFIG_PATH"}, "", kubeconfig},
		"mysql":      {optionFile, nil, "MYSQL_HOME", mysqlOptions},
	}
}

// Argv returns argv with the credential's arguments for that program before the
// user's own.
func Argv(argv []string, cred access.Credential) []string {
	return slices.Concat(argv[:1], cred.Arguments[filepath.Base(argv[0])], argv[1:])
}

// Foreign returns the variables in environ that speak to the same programs as the
// credential and are not its own: beside AWS_ACCESS_KEY_ID, an AWS_PROFILE of the
// user's would decide as whom a program acts.
func Foreign(cred access.Credential, environ []string) (names []string) {
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if _, own := cred.Env[name]; own {
			continue
		}
		if slices.ContainsFunc(access.CredentialKinds()[cred.Kind].Families, func(f string) bool { return strings.HasPrefix(name, f) }) {
			names = append(names, name)
		}
	}
	return names
}

// Environ returns the environment for a command: the user's, without what is
// Foreign, and the credential's variables.
func Environ(cred access.Credential, environ []string, more map[string]string) (out []string) {
	foreign := Foreign(cred, environ)
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		_, replaced := cred.Env[name]
		if _, again := more[name]; !replaced && !again && !slices.Contains(foreign, name) {
			out = append(out, pair)
		}
	}
	for _, env := range []map[string]string{cred.Env, more} {
		for _, name := range slices.Sorted(maps.Keys(env)) {
			out = append(out, name+"="+env[name])
		}
	}
	return out
}

// write makes files with mode 0600 in a directory where none of them is.
func write(dir string, files map[string]string) error {
	for name, content := range files {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			_, err = f.WriteString(content)
			if closing := f.Close(); err == nil {
				err = closing
			}
		}
		if err != nil {
			return access.Errorf(access.CodeInvalid, "credential: %w", err)
		}
	}
	return nil
}
