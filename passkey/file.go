package passkey

import (
	"errors"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/goccy/go-yaml"
	"github.com/google/renameio/v2"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/clock"
)

// File is a file of passkeys that may change while Ramp runs. It is read at each
// use, so that a key that was taken out counts no more; decisions with passkeys
// are few. It is safe for concurrent use.
type File struct {
	path string
	mu   sync.Mutex // one writer; only development writes
}

// NewFile returns the file of a path, which is not read yet.
func NewFile(path string) *File { return &File{path: path} }

// Current returns the keys that count now. Errors are CodeUnavailable, also for a
// file that is malformed: whatever waits for it is retried until it is mended.
func (f *File) Current() (Set, error) {
	s, err := Load(f.path)
	if err != nil {
		return Set{}, access.Errorf(access.CodeUnavailable, "passkeys: %w", err)
	}
	now := clock.Now()
	for _, person := range slices.Collect(maps.Keys(s.People)) {
		s.People[person] = slices.DeleteFunc(s.People[person], func(k Key) bool { return k.expired(now) })
	}
	return s, nil
}

// Add writes a key into the file. Only development calls it: in production the
// file belongs to those who review it.
func (f *File) Add(person string, k Key) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, err := Load(f.path)
	if err != nil {
		return err
	}
	return s.with(person, k).write(f.path)
}

// PrepareFile makes an empty file for an origin, or moves one that is there to it,
// for development, whose addresses change. Keys stay bound to the name.
func PrepareFile(path, origin string) error {
	s, err := Load(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if s.Origin == origin {
		return nil
	}
	return Set{Origin: origin, People: s.People}.write(path)
}

func (s Set) write(path string) error {
	if issues := s.validate(path); len(issues) > 0 {
		return access.Invalid(issues...)
	}
	b, err := yaml.Marshal(s)
	if err != nil {
		return err
	}
	if err := renameio.WriteFile(path, b, 0o644); err != nil { // public keys
		return access.Errorf(access.CodeUnavailable, "passkeys: %w", err)
	}
	return nil
}
