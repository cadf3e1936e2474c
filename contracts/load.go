package contracts

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ramp.dev/ramp/access"
)

// LoadDir reads every *.yaml and *.yml of a directory, tests excepted. It is
// all or nothing: the error, of code CodeInvalid, carries every issue of every
// file, each with file:line:column.
func LoadDir(dir string) (*Set, error) {
	files, err := ReadDir(dir)
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

// LoadTests reads the files of tests of a directory, *_test.yaml and *_test.yml.
func LoadTests(dir string) (map[string][]byte, error) { return readFiles(dir, true) }

// ReadDir reads the files of contracts of a directory, which nothing has parsed yet.
// Errors are CodeInvalid.
func ReadDir(dir string) (map[string][]byte, error) { return readFiles(dir, false) }

// readFiles reads the files of a directory, those of tests or the others. Files are
// regular ones, or links to such, as in a directory that Kubernetes mounts.
func readFiles(dir string, tests bool) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		clean := filepath.Clean(dir)
		if info, statErr := os.Stat(clean); statErr == nil && !info.IsDir() {
			return nil, access.Errorf(access.CodeInvalid, "contracts: %s is a file, and this takes a directory: give %s", clean, filepath.Dir(clean))
		}
		return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() || !isFile(name, tests) {
			continue
		}
		b, err := readFile(filepath.Join(dir, name))
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "contracts: %w", err)
		}
		files[name] = b
	}
	return files, nil
}

// IsContractFile reports whether a file of this name holds contracts.
func IsContractFile(name string) bool { return isFile(name, false) }

// isFile reports whether a file of this name holds contracts, or tests of them.
func isFile(name string, tests bool) bool {
	ext := filepath.Ext(name)
	return (ext == ".yaml" || ext == ".yml") && !strings.HasPrefix(name, ".") && strings.HasSuffix(strings.TrimSuffix(name, ext), "_test") == tests
}

// readFile reads a regular file, to one byte over what Parse accepts. Opening a
// FIFO would otherwise block until somebody writes to it, and reading a device
// might never end.
func readFile(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // #nosec G304 -- a file of the operator's own directory
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", path)
	}
	return io.ReadAll(io.LimitReader(f, MaxFile+1))
}
