package terraform

import (
	"context"
	"os"
	"os/user"
	"regexp"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
)

// What the program says of a lock that somebody holds, in the same lines since Terraform 0.9
// and in OpenTofu.
var (
	lockedLine  = regexp.MustCompile(`Error acquiring the state lock`)
	lockID      = regexp.MustCompile(`(?m)^[│ ]*ID:\s+(\S+)\s*$`)
	lockWho     = regexp.MustCompile(`(?m)^[│ ]*Who:\s+(\S+)\s*$`)
	lockCreated = regexp.MustCompile(`(?m)^[│ ]*Created:\s+(\S+ \S+) \+0000 UTC\s*$`)
)

// unlocked runs do, which needs the state's lock. Where a run of this very grant on this
// machine holds it that was killed, the lock is taken off, by its id, and do runs once more.
// Nobody else's lock is touched: whoever holds the grant's own lock in the directory knows
// that no run of this machine's is alive, and the lock must be as young as the run that did
// not end well.
func (x *run) unlocked(ctx context.Context, do func() error) error {
	err := do()
	if err == nil || ctx.Err() != nil {
		return err
	}
	id := ownLock(err.Error(), whoami(), x.record.Since)
	if id == "" {
		return err
	}
	logrus.WithField("target", x.t.name).Warnf("taking the lock %s off the state of %s, which a run that was killed has left", id, x.record.Grant)
	if failed := x.program.ForceUnlock(ctx, id); failed != nil {
		return failed
	}
	return do()
}

// ownLock returns the id of the lock that an error is about, if who holds it since a run
// that began at since; empty otherwise, and where anything of it is in doubt.
func ownLock(words, who string, since time.Time) string {
	id, holder, created := lockID.FindStringSubmatch(words), lockWho.FindStringSubmatch(words), lockCreated.FindStringSubmatch(words)
	if !lockedLine.MatchString(words) || id == nil || holder == nil || created == nil || since.IsZero() || who == "" || holder[1] != who {
		return ""
	}
	at, err := time.Parse("2006-01-02 15:04:05", strings.SplitN(created[1], ".", 2)[0])
	if err != nil || at.Before(since.Truncate(time.Second)) {
		return ""
	}
	return id[1]
}

// whoami is how the program says in a lock who holds it: user@host.
func whoami() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return ""
	}
	u, err := user.Current()
	if err != nil || u.Username == "" {
		return ""
	}
	return u.Username + "@" + host
}
