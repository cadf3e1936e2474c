package contracts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
)

// Store watches a source of contracts. A change comes into force whole or not at
// all: while what the source holds has any mistake, the last valid contracts stay in
// force, and LoadError returns what is wrong.
type Store struct {
	source Source
	log    logrus.FieldLogger
	now    func() time.Time

	mu        sync.RWMutex
	set       *Set
	files     map[string][]byte // that set was read from
	revision  Revision
	loadError error
	digest    [sha256.Size]byte // of the source as it was last read
	since     time.Time         // when set came into force
	readAt    time.Time         // when the source was last in reach
	absent    error             // why it is not now
}

// NewStore loads a source for the first time, which must succeed.
func NewStore(source Source, log logrus.FieldLogger) (*Store, error) {
	s := &Store{source: source, log: log, now: time.Now}
	s.reload(context.Background())
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

// Files returns the files of the contracts in force.
func (s *Store) Files() access.ContractFiles {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return FilesOf(s.files)
}

// LoadError returns why what the source holds now is not in force; nil if it is.
// A source that was out of reach for longer than its patience is an error too: a
// contract that was made stricter would not be in force, and nobody would know.
func (s *Store) LoadError() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if age := s.now().Sub(s.readAt); s.loadError == nil && age > s.source.Patience() {
		if s.absent != nil {
			return access.Errorf(access.CodeUnavailable, "contracts were last read %s ago: %w", age.Round(time.Second), s.absent)
		}
		return access.Errorf(access.CodeUnavailable, "contracts were last read %s ago; reading %s does not end", age.Round(time.Second), s.source)
	}
	return s.loadError
}

// Run looks again and again whether the source changed, and reloads it, until ctx
// ends. It does not wait for a read that hangs, as on a file system that is gone.
func (s *Store) Run(ctx context.Context) {
	tick := time.NewTicker(s.source.Every())
	defer tick.Stop()
	read := make(chan struct{}, 1)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		go func() { s.reload(ctx); read <- struct{}{} }()
		select {
		case <-ctx.Done():
			return
		case <-read:
		}
	}
}

// reload reads the source and, if it changed, parses it. Only one runs at a time.
func (s *Store) reload(ctx context.Context) {
	snapshot, err := s.source.Read(ctx)
	sum := digest(snapshot.Files, errors.Join(err, snapshot.Refused))
	if !s.look(snapshot, sum) {
		return
	}
	var set *Set
	if err == nil {
		set, err = parseDir(s.source.String(), snapshot.Files)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	first := s.set == nil
	if err == nil {
		if first || set.Version != s.set.Version {
			s.since = s.now()
			s.log.WithFields(logrus.Fields{"version": set.Version, "commit": snapshot.Revision.Commit}).Info("contracts in force")
		}
		s.set, s.files, s.revision = set, snapshot.Files, snapshot.Revision
		if s.absent == nil {
			err = snapshot.Refused
		}
	}
	s.digest, s.loadError = sum, err
	if err != nil && s.set != nil {
		s.log.WithError(err).Error("contracts not reloaded; the last valid ones stay in force")
	}
}

// look notes whether the source was in reach, and reports whether what it holds is to be
// looked at.
func (s *Store) look(snapshot Snapshot, sum [sha256.Size]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.absent = nil
	away := access.CodeOf(snapshot.Refused) == access.CodeUnavailable
	if away {
		s.absent = snapshot.Refused
	}
	if !away || s.set == nil { // patience begins with the server
		s.readAt = s.now()
	}
	if away && s.set != nil {
		return false
	}
	if sum == s.digest {
		s.revision = snapshot.Revision // another commit may hold the same files
	}
	return sum != s.digest
}

func digest(files map[string][]byte, err error) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintln(h, err)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%q %d %s", name, len(files[name]), files[name])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
