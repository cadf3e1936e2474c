package hostfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/google/renameio/v2"
)

// Disk is what a Dir needs of the file system. Tests put faults here.
type Disk interface {
	// Read returns nil, and no error, for a file that does not exist in a
	// directory that does.
	Read(path string) ([]byte, error)
	// Names lists a directory.
	Names(dir string) ([]string, error)
	// Replace writes the whole file or nothing: readers see the old content or the
	// new, and the new content survives a power cut.
	Replace(path string, content []byte, perm fs.FileMode) error
	// Remove succeeds if the file is not there.
	Remove(path string) error
}

// OS is the real file system.
type OS struct{}

// Read implements Disk.
func (OS) Read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		// A directory that is gone, such as an unmounted one, is not an empty one.
		if _, err := os.Stat(filepath.Dir(path)); err != nil {
			return nil, err
		}
		return nil, nil
	}
	return b, err
}

// Names implements Disk.
func (OS) Names(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// Replace implements Disk. The mode and owner of a file that exists are kept;
// perm is for new ones. A symbolic link is refused: following it would let
// anybody who placed it choose what the worker overwrites.
func (OS) Replace(path string, content []byte, perm fs.FileMode) error {
	old, err := os.Lstat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if old != nil {
		if !old.Mode().IsRegular() {
			return &fs.PathError{Op: "replace", Path: path, Err: errors.New("not a regular file")}
		}
		perm = old.Mode().Perm()
	}
	file, err := renameio.NewPendingFile(path, renameio.WithPermissions(perm), renameio.IgnoreUmask(), renameio.WithTempDir(filepath.Dir(path)))
	if err != nil {
		return err
	}
	defer file.Cleanup()
	if _, err := file.Write(content); err != nil {
		return err
	}
	if old != nil {
		if st, ok := old.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Getuid() {
			if err := file.Chown(int(st.Uid), int(st.Gid)); err != nil {
				return err
			}
		}
	}
	if err := file.CloseAtomicallyReplace(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Remove implements Disk.
func (OS) Remove(path string) error {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes renames and removals in dir survive a power cut.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
