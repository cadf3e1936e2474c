// Package contractgit reads contracts from a git repository: the newest commit of one
// ref, if it is signed as it must be, follows what was in force, and is valid as a
// whole. Until then what was in force stays.
package contractgit

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// Config says which commits of which repository become the contracts in force.
type Config struct {
	Repository string          `yaml:"repository"`        // https address, or the path of a repository
	Ref        string          `yaml:"ref"`               // branch, such as main, or a whole ref
	Path       string          `yaml:"path,omitempty"`    // directory of the repository that holds the contracts; its root if empty
	Clone      field.File      `yaml:"clone"`             // directory of this server's own, in which it keeps what was in force
	Every      access.Duration `yaml:"every,omitempty"`   // how often it looks; a minute if 0
	User       string          `yaml:"user,omitempty"`    // with Token; "git" if empty
	Token      field.Secret    `yaml:"token,omitempty"`   // password of an https address
	Signers    []Signer        `yaml:"signers,omitempty"` // who may sign; if empty, nobody has to
	// TwoSigners asks for two people's signatures of the same contracts.
	TwoSigners bool `yaml:"twoSigners,omitempty"`
	// From is the id of a commit: nothing that does not follow it is in force. A server
	// that has lost its clone knows by it how far it may not be led back.
	From string `yaml:"from,omitempty"`
	// MaxMiB bounds what is unpacked of one fetch, in MiB; 64 if 0. The first one fetches
	// all of the history.
	MaxMiB int `yaml:"maxMiB,omitempty"`
}

// Signer is somebody who may sign commits, with all of their keys.
type Signer struct {
	Name string `yaml:"name"`
	// Person is the id in Ramp of whose keys these are, where commits are proposed: what
	// somebody signed they do not approve.
	Person string             `yaml:"person,omitempty"`
	SSH    []field.FileOrText `yaml:"ssh,omitempty"`     // public keys as in authorized_keys
	PGP    []field.File       `yaml:"openPGP,omitempty"` // files of armored public keys
}

// usualEvery is how often a repository is looked at where nothing else is said.
const usualEvery = access.Duration(time.Minute)

// IsZero reports whether contracts come from elsewhere.
func (c Config) IsZero() bool {
	return c.Repository == "" && c.Ref == "" && c.Path == "" && c.Clone == "" && c.Every == 0 && c.User == "" && c.Token.IsZero() && len(c.Signers) == 0 && !c.TwoSigners && c.From == "" && c.MaxMiB == 0
}

// Validate returns everything that is wrong, reaching for nothing but the files of keys.
func (c Config) Validate() access.Issues {
	var issues access.Issues
	bad := func(code, field, format string, args ...any) {
		issues.Add(code, "server.contractsGit."+field, format, args...)
	}
	if c.Repository == "" {
		bad("repository_missing", "repository", "the repository is needed: an https address, or the path of one on this machine")
	} else if why := c.unsafeAddress(); why != "" {
		bad("repository_malformed", "repository", "%s", why)
	}
	if c.Ref == "" || c.refName().Validate() != nil {
		bad("ref_malformed", "ref", "a branch such as main is needed, or a whole ref such as refs/heads/main")
	}
	if c.Path != "" && (!filepath.IsLocal(c.Path) || filepath.ToSlash(filepath.Clean(c.Path)) != c.Path) {
		bad("path_malformed", "path", "a directory within the repository is needed, such as contracts, or none for its root")
	}
	if c.Clone == "" {
		bad("clone_missing", "clone", "a directory of this server's own is needed, in which it keeps what was in force: without it, a server that starts again could be given older contracts")
	}
	if c.Every != 0 && (c.Every < access.Duration(10*time.Second) || c.Every > access.Duration(time.Hour)) {
		bad("every_out_of_bounds", "every", "between 10s and 1h")
	}
	if c.MaxMiB < 0 || c.MaxMiB > largestMiB {
		bad("max_out_of_bounds", "maxMiB", "between 1 and %d", largestMiB)
	}
	if c.Repository != "" && !c.Token.IsZero() && !strings.HasPrefix(c.Repository, "http") {
		bad("token_unused", "token", "a token is for an https address")
	}
	if c.User != "" && c.Token.IsZero() {
		bad("token_missing", "user", "a user needs a token")
	}
	var names []string
	for i, s := range c.Signers {
		if _, err := s.keys(); err != nil {
			bad("signer_malformed", fmt.Sprintf("signers[%d]", i), "%s", err)
		}
		if slices.Contains(names, access.FoldID(s.Name)) {
			bad("signer_twice", fmt.Sprintf("signers[%d].name", i), "%q is there twice; list all keys of one person together", s.Name)
		}
		names = append(names, access.FoldID(s.Name))
	}
	if _, err := newKeys(c.Signers); err != nil && len(issues) == 0 {
		bad("signer_malformed", "signers", "%s", err)
	}
	if c.TwoSigners && len(c.Signers) < 2 {
		bad("signers_missing", "signers", "twoSigners needs two people who may sign")
	}
	if c.From == "" && c.TwoSigners {
		bad("from_missing", "from", "twoSigners needs the id of a commit that two people reviewed: with it, a server that lost its clone is not led back to what both signed before")
	} else if c.From != "" && !plumbing.IsHash(c.From) {
		bad("from_malformed", "from", "the whole id of a commit is needed, 40 hexadecimal digits, as git rev-parse prints it")
	}
	return issues
}

// ValidateProposed returns what is missing for commits to be proposed: it must be known of
// each commit which person wrote it.
func (c Config) ValidateProposed() (issues access.Issues) {
	if len(c.Signers) == 0 {
		issues.Add("signers_missing", "server.contractsGit.signers", "with server.proposals, the people who may sign commits are needed: whoever wrote contracts may not approve them, and a commit that nobody signed may be anybody's")
	}
	for i, s := range c.Signers {
		if s.Person == "" {
			issues.Add("person_missing", fmt.Sprintf("server.contractsGit.signers[%d].person", i), "with server.proposals, the id in Ramp of the person who signs as %q is needed, as ramp whoami prints it: what they signed they may not approve", s.Name)
		}
	}
	return issues
}

// unsafeAddress returns why the repository is not read from where it is said to be.
func (c Config) unsafeAddress() string {
	if !strings.Contains(c.Repository, "://") {
		if !filepath.IsAbs(c.Repository) {
			return "a path begins with a slash, and an address with https://"
		}
		return ""
	}
	u, err := url.Parse(c.Repository)
	if err != nil || u.Host == "" || u.User != nil {
		return "an https address without user and password is needed; name a password as token"
	}
	if u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()) {
		return ""
	}
	return "an https address is needed: who can change what is read on the way would decide what is in force"
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// refName returns the whole name of the ref.
func (c Config) refName() plumbing.ReferenceName {
	if strings.HasPrefix(c.Ref, "refs/") || c.Ref == "" {
		return plumbing.ReferenceName(c.Ref)
	}
	return plumbing.NewBranchReferenceName(c.Ref)
}
