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
)

// Store watches a directory of contracts. A change comes into force whole or not
// at all: while the directory has any mistake, the last valid contracts stay in
// force, and LoadError returns what is wrong.
type Store struct {
	dir string
	log logrus.FieldLogger

	mu        sync.RWMutex
	set       *Set
	loadError error
	seen      [sha256.Size]byte // digest of the directory as it was last read
}

// NewStore loads a directory for the first time, which must succeed.
func NewStore(dir string, log logrus.FieldLogger) (*Store, error) {
	s := &Store{dir: dir, log: log}
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
func (s *Store) LoadError() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.loadError
}

// Run looks every second whether the directory changed, and reloads it, until ctx
// ends.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.reload()
		}
	}
}

func (s *Store) reload() {
	files, err := readDir(s.dir)
	sum := digest(files, err)
	s.mu.RLock()
	same := sum == s.seen
	s.mu.RUnlock()
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
	s.seen, s.loadError = sum, err
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
