package hostfiles

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Disk is what a Dir asks of the file system. Tests put faults here.
type Disk interface {
	// Read is nil and no error for a file that is not there, in a directory
	// that is.
	Read(path string) ([]byte, error)
	// Names lists a directory.
	Names(dir string) ([]string, error)
	// Replace writes a file whole or not at all: readers see the old or the
	// new content, and what was replaced survives a power cut.
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
		// A directory that went away, such as a mount, is not an empty one.
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
// whoever placed it choose what the worker overwrites.
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
	tmp, err := os.CreateTemp(filepath.Dir(path), ".ramp-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once renamed
	if err := fill(tmp, content, perm, old); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func fill(f *os.File, content []byte, perm fs.FileMode, old fs.FileInfo) error {
	defer f.Close()
	if _, err := f.Write(content); err != nil {
		return err
	}
	if err := f.Chmod(perm); err != nil {
		return err
	}
	if old != nil {
		if st, ok := old.Sys().(*syscall.Stat_t); ok && int(st.Uid) != os.Getuid() {
			if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil {
				return err
			}
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
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
