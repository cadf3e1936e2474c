package contracts

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ramp.dev/ramp/access"
)

// LoadDir reads every *.yaml and *.yml of a directory, tests excepted. It is
// all or nothing: the error, of code CodeInvalid, carries every issue of every
// file, each with file:line:column.
func LoadDir(dir string) (*Set, error) {
	files, err := readDir(dir)
	if err != nil {
		return nil, err
	}
	return parseDir(dir, files)
}

// parseDir refuses a directory that allows nothing: most likely it is not the
// one that was meant.
func parseDir(dir string, files map[string][]byte) (*Set, error) {
	set, err := Parse(files)
	if err == nil && len(set.Contracts) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "%s holds no contract", dir)
	}
	return set, err
}

func readDir(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		ext := filepath.Ext(name)
		if e.IsDir() || (ext != ".yaml" && ext != ".yml") || strings.HasPrefix(name, ".") ||
			strings.HasSuffix(strings.TrimSuffix(name, ext), "_test") {
			continue
		}
		b, err := fs.ReadFile(os.DirFS(dir), name)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
		}
		files[name] = b
	}
	return files, nil
}
