package credential

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"

	"ramp.dev/ramp/access"
)

// marker is the file that says of which grant a directory's files are.
const marker = ".ramp-grant"

// Into writes a credential's files into a directory that the user chose, and
// returns the credential filled in for it. It makes the directory, with mode 0700,
// where there is none. A file that is there already is replaced only if Ramp wrote
// it there for the same grant (docs/threats.md, case 79). Errors are CodeConflict for a file, or a
// directory, that is somebody else's.
func Into(cred access.Credential, grant, dir string) (access.Credential, string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return cred, dir, access.Errorf(access.CodeInvalid, "--into: %w", err)
	}
	placed, files, err := Place(cred, dir)
	if err != nil {
		return cred, dir, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return cred, dir, access.Errorf(access.CodeInvalid, "--into: %w", err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&0o022 != 0 {
		return cred, dir, access.Errorf(access.CodeConflict, "others than you may write to %s; choose another directory, or chmod 700 it", dir)
	}
	owner, err := os.ReadFile(filepath.Join(dir, marker))
	ours := err == nil && string(owner) == grant+"\n"
	for _, name := range slices.Sorted(maps.Keys(files)) {
		info, err := os.Lstat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && ours && info.Mode().IsRegular() {
			continue
		}
		return cred, dir, access.Errorf(access.CodeConflict, "%s is there already, and is not this grant's: choose an empty directory", filepath.Join(dir, name))
	}
	files[marker] = grant + "\n"
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := replace(filepath.Join(dir, name), files[name]); err != nil {
			return cred, dir, access.Errorf(access.CodeInvalid, "--into: %w", err)
		}
	}
	return placed, dir, nil
}

// replace writes a file beside and renames it: a link that appears meanwhile is
// replaced, and never written through, and the mode is 0600 whatever it was.
func replace(path, content string) error {
	f, err := renameio.NewPendingFile(path, renameio.WithStaticPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }()
	if _, err := f.WriteString(content); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}
