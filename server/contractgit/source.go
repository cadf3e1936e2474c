package contractgit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/config"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/plumbing/transport"
	"github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts"
)

// inForce is the ref of the clone that names the commit in force; newest the one that
// the repository had when it was last in reach.
const (
	inForce = plumbing.ReferenceName("refs/ramp/in-force")
	newest  = plumbing.ReferenceName("refs/ramp/newest")
)

// Source is a repository and ref, of which this process keeps a clone.
type Source struct {
	config Config
	keys   keys
	clone  *git.Repository
	store  *bounded
	mu     sync.Mutex // one at a time uses the clone

	recorded Recorded // nil: only the clone and From say what was in force
}

// maxCached bounds the objects of a clone that are held in memory.
const maxCached = 16 * cache.MiByte

// Open makes the clone's directory where there is none; it does not reach for the
// repository. Errors are CodeInvalid.
func Open(c Config) (*Source, error) {
	k, err := newKeys(c.Signers)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "server.contractsGit: %w", err)
	}
	if err := os.MkdirAll(string(c.Clone), 0o700); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	store := &bounded{Storage: filesystem.NewStorage(osfs.New(string(c.Clone)), cache.NewObjectLRU(maxCached)), dir: string(c.Clone), limits: c.limits()}
	repository, err := git.Open(store, nil)
	if errors.Is(err, git.ErrRepositoryNotExists) {
		repository, err = git.Init(store, nil)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	return &Source{config: c, keys: k, clone: repository, store: store}, nil
}

// Ping reads the repository into a clone that it deletes, and returns why what it holds
// could not be in force. What is in force now it knows where the server's clone is.
func Ping(ctx context.Context, c Config) error {
	dir, err := os.MkdirTemp("", "ramp-contracts-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	servers := c.Clone
	c.Clone = field.File(dir)
	s, err := Open(c)
	if err != nil {
		return err
	}
	snapshot, err := s.Read(ctx)
	if err := errors.Join(err, snapshot.Refused); err != nil {
		return err
	}
	return s.follows(string(servers))
}

// follows returns an error unless what the source has in force is, or comes after, what
// is in force by the clone of a server. One that is not there, or not readable here, has
// nothing in force.
func (s *Source) follows(servers string) error {
	clone, err := git.PlainOpen(servers)
	if err != nil {
		return nil
	}
	old, err := clone.Reference(inForce, true)
	if err != nil {
		return nil
	}
	tip, err := s.clone.Reference(inForce, true)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	after, err := s.history(tip.Hash())
	if err != nil {
		return err
	}
	if !after[old.Hash()] {
		return access.Errorf(access.CodeEvidence, "%s was rewritten or moved back: commit %s does not follow %s, which is in force: make a commit that undoes the others", s.config.Ref, tip.Hash().String()[:12], old.Hash().String()[:12])
	}
	return nil
}

// String names the repository, the ref and the directory.
func (s *Source) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s %s %s", s.config.Repository, s.config.Ref, s.config.Path), " ")
}

// Every is how often the repository is asked.
func (s *Source) Every() time.Duration { return cmp.Or(s.config.Every, usualEvery).Std() }

// Patience is ten minutes, or ten times as long as between two looks.
func (s *Source) Patience() time.Duration { return max(10*time.Minute, 10*s.Every()) }

// fetchWithin bounds one look at the repository.
const fetchWithin = time.Minute

// Read fetches the ref, and puts its commit in force if it may be. It returns what is in
// force, with the reason if that is not the newest; an error if nothing is.
func (s *Source) Read(ctx context.Context) (contracts.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	had, err := s.store.ObjectPacks()
	if err != nil {
		return contracts.Snapshot{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	refused := s.fetch(ctx)
	if refused == nil {
		refused = s.advance(ctx)
	}
	if refused != nil {
		if err := s.forget(had); err != nil {
			return contracts.Snapshot{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
		}
	}
	ref, err := s.clone.Reference(inForce, true)
	if errors.Is(err, plumbing.ErrReferenceNotFound) {
		return contracts.Snapshot{}, refused
	}
	if err != nil {
		return contracts.Snapshot{}, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	// The clone is read as the repository is: who writes into it is believed no more.
	out, err := s.judged(ref.Hash())
	out.Refused = refused
	return out, err
}

// forget takes out of the clone what came with commits that are not in force: who pushes
// without a key that signs would otherwise fill the disk. It is fetched again each time.
func (s *Source) forget(had []plumbing.Hash) error {
	packs, err := s.store.ObjectPacks()
	if err != nil {
		return err
	}
	for _, p := range packs {
		if !slices.Contains(had, p) {
			if err := s.store.DeleteOldObjectPackAndIndex(p, time.Time{}); err != nil {
				return err
			}
		}
	}
	s.store.Reindex()
	return s.store.RemoveReference(newest)
}

// fetch brings the ref's history into the clone. Errors are CodeUnavailable where what the
// repository holds is not known, and CodeInvalid where it is more than is taken.
func (s *Source) fetch(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	auth, err := s.auth(ctx)
	if err != nil {
		return err
	}
	remote := git.NewRemote(s.clone.Storer, &config.RemoteConfig{Name: "origin", URLs: []string{s.config.Repository}})
	err = remote.FetchContext(ctx, &git.FetchOptions{Auth: auth, Tags: git.NoTags, Force: true,
		RefSpecs: []config.RefSpec{config.RefSpec(fmt.Sprintf("+%s:%s", s.config.refName(), newest))}})
	if access.CodeOf(err) == access.CodeInvalid {
		return access.Errorf(access.CodeInvalid, "%s is not read: %w", s, err)
	}
	if err != nil && !errors.Is(err, git.NoErrAlreadyUpToDate) {
		return access.Errorf(access.CodeUnavailable, "%s is out of reach: %w", s, err)
	}
	return nil
}

func (s *Source) auth(ctx context.Context) (transport.AuthMethod, error) {
	token, err := s.config.Token.Read(ctx)
	if err != nil || token == "" {
		return nil, err
	}
	return &http.BasicAuth{Username: cmp.Or(s.config.User, "git"), Password: token}, nil
}

// advance puts the newest commit in force, or returns why it may not be.
func (s *Source) advance(ctx context.Context) error {
	ref, err := s.clone.Reference(newest, true)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	tip, err := s.clone.CommitObject(ref.Hash()) // of a tag with a message, too
	if err != nil {
		return access.Errorf(access.CodeInvalid, "%s names no commit: %w", s.config.Ref, err)
	}
	if err := s.followsRecorded(ctx, tip); err != nil {
		return err
	}
	old, err := s.clone.Reference(inForce, true)
	if err != nil && !errors.Is(err, plumbing.ErrReferenceNotFound) {
		return access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	if err == nil {
		if old.Hash() == tip.Hash {
			return nil
		}
		known, err := s.history(old.Hash())
		if err != nil {
			return err
		}
		if known[tip.Hash] {
			return access.Errorf(access.CodeEvidence, "%s was moved back to commit %s; contracts only go forward: make a commit that undoes the others", s.config.Ref, short(tip))
		}
		after, err := s.history(tip.Hash)
		if err != nil {
			return err
		}
		if !after[old.Hash()] {
			return access.Errorf(access.CodeEvidence, "%s was rewritten: commit %s does not follow %s, which is in force", s.config.Ref, short(tip), old.Hash().String()[:12])
		}
	}
	snapshot, err := s.judged(tip.Hash)
	if err != nil {
		return err
	}
	set, err := contracts.Parse(snapshot.Files)
	if err != nil {
		return err
	}
	if len(set.Contracts) == 0 {
		return access.Errorf(access.CodeInvalid, "commit %s holds no contract in %s", short(tip), cmp.Or(s.config.Path, "its root"))
	}
	if err := s.clone.Storer.SetReference(plumbing.NewHashReference(inForce, tip.Hash)); err != nil {
		return access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	return nil
}

// history returns a commit with all that came before it.
func (s *Source) history(of plumbing.Hash) (map[plumbing.Hash]bool, error) {
	out := map[plumbing.Hash]bool{}
	c, err := s.clone.CommitObject(of)
	if err == nil {
		err = object.NewCommitPreorderIter(c, nil, nil).ForEach(func(c *object.Commit) error { out[c.Hash] = true; return nil })
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "server.contractsGit.clone: %w", err)
	}
	return out, nil
}

// files returns the files of contracts of a commit.
func (s *Source) files(c *object.Commit) (map[string][]byte, error) {
	tree, err := s.tree(c)
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, e := range tree.Entries {
		if !contracts.IsContractFile(e.Name) || !e.Mode.IsFile() {
			continue
		}
		if e.Mode == filemode.Symlink {
			return nil, access.Errorf(access.CodeInvalid, "commit %s: %s is a link; write the contract itself", short(c), path.Join(s.config.Path, e.Name))
		}
		f, err := tree.TreeEntryFile(&e)
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "commit %s: %s: %w", short(c), path.Join(s.config.Path, e.Name), err)
		}
		r, err := f.Reader()
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "commit %s: %s: %w", short(c), path.Join(s.config.Path, e.Name), err)
		}
		b, err := io.ReadAll(io.LimitReader(r, contracts.MaxFile+1))
		_ = r.Close() // nothing is written
		if err != nil {
			return nil, access.Errorf(access.CodeInvalid, "commit %s: %s: %w", short(c), path.Join(s.config.Path, e.Name), err)
		}
		out[e.Name] = b
	}
	return out, nil
}

// tree returns the directory of contracts of a commit.
func (s *Source) tree(c *object.Commit) (*object.Tree, error) {
	tree, err := c.Tree()
	if err == nil && s.config.Path != "" {
		tree, err = tree.Tree(s.config.Path)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "commit %s has no directory %s: %w", short(c), cmp.Or(s.config.Path, "/"), err)
	}
	return tree, nil
}
