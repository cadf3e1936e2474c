// Package file writes events to a file, one as JSON in each line. A batch is on the disk
// before it counts as taken, a line that was written in part is cut off again, and a file
// that is full is renamed to its name and the time.
package file

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/sinks/sink"
)

// Config is one file.
type Config struct {
	Path   field.File `yaml:"path"`
	MaxMiB int        `yaml:"maxMiB,omitempty"` // the file is renamed before it is larger: 100
	Keep   int        `yaml:"keep,omitempty"`   // how many renamed files are kept; 0: all
}

const defaultMaxMiB = 100

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) (issues access.Issues) {
	issues.Require(c.Path != "", "path_missing", at+".path", "the path of a file is needed")
	issues.Require(c.MaxMiB >= 0 && c.MaxMiB <= 10_000, "size_malformed", at+".maxMiB", "a size in MiB is needed, 1 to 10000")
	issues.Require(c.Keep >= 0, "keep_malformed", at+".keep", "a number of files is needed, or none to keep all")
	return issues
}

// File implements sink.Sink.
type File struct {
	path string
	max  int64
	keep int
	now  func() time.Time
}

var _ sink.Sink = (*File)(nil)

// Open returns the file's sink, and opens nothing yet.
func (c Config) Open() *File {
	most := int64(c.MaxMiB) << 20
	if most == 0 {
		most = defaultMaxMiB << 20
	}
	return &File{path: string(c.Path), max: most, keep: c.Keep, now: time.Now}
}

// Batch implements sink.Sink.
func (f *File) Batch() (int, time.Duration) { return 1000, 0 }

// Ping implements sink.Sink. It makes no file: whoever asks may be somebody else than the
// worker, who could not write it then.
func (f *File) Ping(context.Context) error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		if err = unix.Access(filepath.Dir(f.path), unix.W_OK|unix.X_OK); err == nil {
			return nil
		}
	}
	if err != nil {
		return failed(err)
	}
	return file.Close()
}

// Send implements sink.Sink.
func (f *File) Send(_ context.Context, messages []sink.Message) (taken int, err error) {
	for taken < len(messages) {
		n, err := f.write(messages[taken:])
		taken += n
		if err != nil {
			return taken, err
		}
	}
	return taken, nil
}

// write appends as many messages as the file has room for, at least one.
func (f *File) write(messages []sink.Message) (n int, err error) {
	file, err := f.open()
	if err != nil {
		return 0, err
	}
	defer file.Close() // what matters of closing, Sync has said before
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, failed(err)
	}
	var lines bytes.Buffer
	for n < len(messages) {
		next := int64(len(messages[n].Body)) + 1
		if had := size + int64(lines.Len()); had > 0 && had+next > f.max {
			break
		}
		lines.Write(messages[n].Body)
		lines.WriteByte('\n')
		n++
	}
	if n > 0 {
		if _, err = file.Write(lines.Bytes()); err == nil {
			err = file.Sync()
		}
		if err != nil {
			// A part of a line would be damage to whoever reads: the next Send cuts it
			// off, should this not succeed.
			_ = file.Truncate(size)
			return 0, failed(err)
		}
	}
	if size == 0 {
		if err := f.syncDir(); err != nil {
			return 0, err
		}
	}
	if n < len(messages) {
		return n, f.rotate()
	}
	return n, nil
}

// open opens the file for this process alone: another one, which sends events again, waits.
// What a writer that died left of a line is cut off.
func (f *File) open() (*os.File, error) {
	for {
		file, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o640) // #nosec G302 -- whoever collects logs is of the file's group
		if err != nil {
			return nil, failed(err)
		}
		if err := f.take(file); err != nil {
			file.Close()
			if errors.Is(err, errRenamed) {
				continue
			}
			return nil, failed(err)
		}
		return file, nil
	}
}

var errRenamed = errors.New("another process has renamed the file")

func (f *File) take(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil { // #nosec G115 -- a descriptor
		return err
	}
	mine, err := file.Stat()
	if err != nil {
		return err
	}
	now, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(mine, now) {
		return errRenamed
	}
	if err != nil || !mine.Mode().IsRegular() {
		return err
	}
	whole, err := wholeLines(file, mine.Size())
	if err != nil || whole == mine.Size() {
		return err
	}
	return file.Truncate(whole)
}

// wholeLines returns how long the part of a file is that ends with a line's end.
func wholeLines(file *os.File, size int64) (int64, error) {
	block := make([]byte, 64<<10)
	for end := size; end > 0; {
		start := max(0, end-int64(len(block)))
		part := block[:end-start]
		if _, err := file.ReadAt(part, start); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(part, '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// rotate renames the file, and removes what is more than is kept. Names have the time in
// UTC, so that they order by age.
func (f *File) rotate() error {
	if err := os.Rename(f.path, f.path+"."+f.now().UTC().Format("20060102T150405.000000000Z")); err != nil {
		return failed(err)
	}
	if err := f.syncDir(); err != nil || f.keep == 0 {
		return err
	}
	old, err := filepath.Glob(globbed(f.path) + ".[0-9]*T[0-9]*Z")
	if err != nil {
		return failed(err)
	}
	slices.Sort(old)
	for _, path := range old[:max(0, len(old)-f.keep)] {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return failed(err)
		}
	}
	return nil
}

// syncDir has the file's name on the disk, as Sync has what is in it.
func (f *File) syncDir() error {
	dir, err := os.Open(filepath.Dir(f.path))
	if err != nil {
		return failed(err)
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil {
		return failed(err)
	}
	return nil
}

// globbed returns a path as a pattern that matches it alone.
func globbed(path string) string {
	var out bytes.Buffer
	for _, r := range path {
		switch r {
		case '*', '?', '[', '\\':
			out.WriteByte('\\')
		}
		out.WriteRune(r)
	}
	return out.String()
}

func failed(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return access.Errorf(access.CodeUnavailable, "the disk of the file is full: %w", err)
	}
	return access.Errorf(access.CodeUnavailable, "the file cannot be written: %w", err)
}
