package contracts

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// Store watches a directory of contracts. A change comes into force whole or not
// at all: while the directory has any mistake, the last valid contracts stay in
// force, and LoadError returns what is wrong.
type Store struct {
	dir  string
	log  logrus.FieldLogger
	read func(dir string) (map[string][]byte, error)
	now  func() time.Time

	mu        sync.RWMutex
	set       *Set
	loadError error
	digest    [sha256.Size]byte // of the directory as it was last read
	readAt    time.Time         // when that was
}

const (
	readEvery = time.Second
	// staleAfter is how long a directory may take to be read, such as one on another
	// machine, before it counts as not watched.
	staleAfter = 30 * time.Second
)

// NewStore loads a directory for the first time, which must succeed.
func NewStore(dir string, log logrus.FieldLogger) (*Store, error) {
	s := &Store{dir: dir, log: log, read: readDir, now: time.Now}
	s.reload()
	if s.set == nil {
		return nil, s.loadError
	}
	return s, nil
}

// Current returns the contracts in force. Requests keep those they were made
// under.
func (s *Store) Current() *Set {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.set
}

// LoadError returns why the directory as it is now is not in force; nil if it is.
// A directory that could not be read for staleAfter is an error too: a contract
// that was made stricter would not be in force, and nobody would know.
func (s *Store) LoadError() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if age := s.now().Sub(s.readAt); s.loadError == nil && age > staleAfter {
		return access.Errorf(access.CodeUnavailable, "contracts were last read %s ago; reading %s does not end", age.Round(time.Second), s.dir)
	}
	return s.loadError
}

// Run looks every second whether the directory changed, and reloads it, until ctx
// ends. It does not wait for a read that hangs, as on a file system that is gone.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	read := make(chan struct{}, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		go func() { s.reload(); read <- struct{}{} }()
		select {
		case <-ctx.Done():
			return
		case <-read:
		}
	}
}

// reload reads the directory and, if it changed, parses it. Only one runs at a time.
func (s *Store) reload() {
	files, err := s.read(s.dir)
	sum := digest(files, err)
	s.mu.Lock()
	s.readAt = s.now()
	same := sum == s.digest
	s.mu.Unlock()
	if same {
		return
	}
	var set *Set
	if err == nil {
		set, err = parseDir(s.dir, files)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.set == nil
	s.digest, s.loadError = sum, err
	switch {
	case err == nil:
		s.set = set
		if !first {
			s.log.WithField("version", set.Version).Info("contracts reloaded")
		}
	case !first:
		s.log.WithError(err).Error("contracts not reloaded; the last valid ones stay in force")
	}
}

func digest(files map[string][]byte, err error) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintln(h, err)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d %s", name, len(files[name]), files[name])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
