package proposals

import (
	"context"
	"sync"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// Repository is where commits come from that people propose.
type Repository interface {
	// Newest returns the newest commit, which follows another.
	Newest(ctx context.Context, after string) (contracts.Commit, error)
	String() string
	Every() time.Duration
}

// Commits follows a repository whose newest commit people may propose. It brings nothing
// into force. It is safe for concurrent use.
type Commits struct {
	repository Repository
	inForce    func() contracts.Status

	mu     sync.Mutex
	looked bool
	newest contracts.Commit
	err    error // why the newest may not be proposed
}

// NewCommits returns the commits of a repository; inForce says what is in force.
func NewCommits(r Repository, inForce func() contracts.Status) *Commits {
	return &Commits{repository: r, inForce: inForce}
}

// Run looks at the repository again and again, until ctx ends.
func (c *Commits) Run(ctx context.Context) {
	tick := time.NewTicker(c.repository.Every())
	defer tick.Stop()
	for {
		_, _ = c.Look(ctx) // Waiting says why
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Look asks the repository, and returns its newest commit if it may be proposed. Errors
// are CodeUnavailable where the repository is out of reach, and CodeEvidence and
// CodeInvalid where the commit may not be proposed.
func (c *Commits) Look(ctx context.Context) (contracts.Commit, error) {
	newest, err := c.repository.Newest(ctx, c.inForce().Revision.Commit)
	c.mu.Lock()
	defer c.mu.Unlock()
	if ctx.Err() == nil || err == nil {
		c.newest, c.err, c.looked = newest, err, true
	}
	return newest, err
}

// Of returns the newest commit, if its contracts have a digest: who wrote these is known
// from the repository alone. Errors are also CodeConflict if they are others by now.
func (c *Commits) Of(ctx context.Context, set string) (contracts.Commit, error) {
	c.mu.Lock()
	known, err := c.newest, c.err
	ok := c.looked && err == nil && contracts.FilesOf(known.Files).Digest() == set
	c.mu.Unlock()
	if ok {
		return known, nil
	}
	newest, err := c.Look(ctx)
	if err != nil {
		return contracts.Commit{}, err
	}
	if contracts.FilesOf(newest.Files).Digest() != set {
		return contracts.Commit{}, access.Refuse(access.CodeConflict, "commit_changed", "the newest commit of %s is %s, and it holds other contracts than these: propose that one", c.repository, access.Clip(newest.ID, 12))
	}
	return newest, nil
}

// Waiting returns the newest commit where its contracts are not those in force, and why it
// may not be proposed, if so; nil where nothing waits, or nothing is known yet.
func (c *Commits) Waiting() *contracts.Waiting {
	now := c.inForce().Revision
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.looked:
		return nil
	case c.err != nil:
		return &contracts.Waiting{Error: access.Clip(c.err.Error(), 2000)}
	case contracts.FilesOf(c.newest.Files).Digest() == now.Set:
		return nil
	}
	return &contracts.Waiting{Commit: c.newest.ID, At: c.newest.At, Authors: c.newest.Authors}
}

// String names the repository, the ref and the directory.
func (c *Commits) String() string { return c.repository.String() }
