package terraform

import (
	"errors"
	"io"
	"path"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"

	"ramp.dev/ramp/access"
)

// readCommit reads a module out of a commit of a repository on this machine. Nothing is
// fetched and nothing checked out. Errors are of code unavailable (the commit is not there
// yet) and invalid.
func readCommit(c Git) (files, error) {
	repository, err := git.PlainOpenWithOptions(string(c.Repository), &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "git.repository %s: %w", c.Repository, err)
	}
	commit, err := repository.CommitObject(plumbing.NewHash(c.Commit))
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "git.commit %s: %w; fetch it into %s", c.Commit, err, c.Repository)
	}
	tree, err := commit.Tree()
	if err == nil && path.Clean(c.Path) != "." {
		tree, err = tree.Tree(path.Clean(c.Path))
	}
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "git.path %q at %s: %w", access.Clip(c.Path, 100), c.Commit, err)
	}
	return readTree(tree)
}

func readTree(tree *object.Tree) (files, error) {
	all, size := files{}, 0
	walker := object.NewTreeWalker(tree, true, nil)
	defer walker.Close()
	for {
		name, entry, err := walker.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "git: %w", err)
		}
		if entry.Mode == filemode.Dir {
			continue
		}
		if entry.Mode != filemode.Regular && entry.Mode != filemode.Executable && entry.Mode != filemode.Deprecated {
			return nil, access.Errorf(access.CodeInvalid, "%s is no plain file; a module has nothing else, and no links", name)
		}
		f, err := tree.TreeEntryFile(&entry)
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "git: %s: %w", name, err)
		}
		if size += int(min(f.Size, maxModule+1)); size > maxModule {
			return nil, all.check(size)
		}
		text, err := f.Contents()
		if err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "git: %s: %w", name, err)
		}
		all[name] = []byte(text)
		if err := all.check(size); err != nil {
			return nil, err
		}
	}
}
