// Package field has the types that a configuration is made of. How a field is
// read, checked and shown follows from its type, in the configuration of every
// part of Ramp and of every target.
package field

import (
	"context"
	"path/filepath"
	"strings"
)

// dirKey is the context's key for the directory that relative paths begin at.
type dirKey struct{}

// WithDir returns a context for unmarshalling a configuration file of that
// directory: relative paths in it begin there.
func WithDir(ctx context.Context, dir string) context.Context {
	return context.WithValue(ctx, dirKey{}, dir)
}

// Resolve returns a path that a configuration file names, seen from this
// process. It is for the UnmarshalYAML of types that may hold a path.
func Resolve(ctx context.Context, path string) string {
	dir, _ := ctx.Value(dirKey{}).(string)
	if path == "" || dir == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// File is the path of a file or a directory. Relative to the configuration file
// in YAML, it is relative to this process once it is unmarshalled.
type File string

// UnmarshalYAML resolves a relative path.
func (f *File) UnmarshalYAML(ctx context.Context, decode func(any) error) error {
	var path string
	if err := decode(&path); err != nil {
		return err
	}
	*f = File(Resolve(ctx, path))
	return nil
}

// Paths returns files as plain paths.
func Paths(files []File) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = string(f)
	}
	return out
}

// FileOrText is a short public text, such as a public key, written in place, or
// the path of a file with it. What has a blank in it is the text.
type FileOrText string

// IsText reports whether the text itself is written.
func (f FileOrText) IsText() bool { return strings.ContainsAny(strings.TrimSpace(string(f)), " \t") }

// UnmarshalYAML resolves a relative path.
func (f *FileOrText) UnmarshalYAML(ctx context.Context, decode func(any) error) error {
	var text string
	if err := decode(&text); err != nil {
		return err
	}
	if *f = FileOrText(text); !f.IsText() {
		*f = FileOrText(Resolve(ctx, text))
	}
	return nil
}
