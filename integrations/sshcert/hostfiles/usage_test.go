package hostfiles_test

import (
	"fmt"
	"io/fs"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

// quick is a disk that does not wait until what is written survives a power cut.
type quick struct{ hostfiles.OS }

func (quick) Replace(path string, content []byte, perm fs.FileMode) error {
	return os.WriteFile(path, content, perm)
}

func (quick) Remove(path string) error { return os.RemoveAll(path) }

// recorder is a host's directory in which connections begin and end at given times.
type recorder struct {
	*testing.T
	*hostfiles.Dir
	last int
}

func newRecorder(t *testing.T) *recorder {
	d := hostfiles.New(t.TempDir(), quick{})
	require.NoError(t, d.Create())
	return &recorder{t, d, 10}
}

// connects records a connection of a grant, as the admit script does, that begins at noon
// and some minutes; said is what follows the grant's name.
func (r *recorder) connects(grant, said string, minutes int) hostfiles.Connection {
	r.last++
	c := hostfiles.Connection{PID: r.last, Start: "7", Grant: grant}
	path := r.Path("sessions", fmt.Sprintf("%d.7", c.PID))
	require.NoError(r, os.WriteFile(path, []byte(grant+said+"\n"), 0o600))
	at := noon.Add(time.Duration(minutes) * time.Minute)
	require.NoError(r, os.Chtimes(path, at, at))
	return c
}

func (r *recorder) ends(minutes int, ended ...hostfiles.Connection) {
	require.NoError(r, r.EndConnections(ended, noon.Add(time.Duration(minutes)*time.Minute)))
}

func (r *recorder) usage(minutes int) access.Usage {
	u, there, err := r.Usage(grantA, noon.Add(time.Duration(minutes)*time.Minute))
	require.NoError(r, err)
	require.True(r, there)
	return u
}

func usage(sessions, first, last, minutes int) access.Usage {
	return access.Usage{Kind: access.UsageSessions, Sessions: sessions, First: noon.Add(time.Duration(first) * time.Minute),
		Last: noon.Add(time.Duration(last) * time.Minute), For: access.Duration(time.Duration(minutes) * time.Minute)}
}

func TestUsageOfConnections(t *testing.T) {
	r := newRecorder(t)
	require.NoError(t, r.BeginUsage(grantA))
	require.Equal(t, access.Usage{Kind: access.UsageSessions}, r.usage(0))
	one, two := r.connects(grantA, "", 1), r.connects(grantA, "", 5)
	require.Equal(t, usage(2, 1, 8, 7), r.usage(8), "while they live")
	r.ends(10, one)
	r.ends(20, two, r.connects(grantA, "", 15), r.connects(grantB, "", 3))
	require.Equal(t, usage(3, 1, 20, 19), r.usage(30))
	require.NoError(t, r.BeginUsage(grantA), "a grant that is tried again keeps its record")
	r.ends(50, r.connects(grantA, "", 40))
	require.Equal(t, usage(4, 1, 50, 29), r.usage(60))
	left, err := r.Connections()
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestCase140RefusedConnections: what the host refuses is recorded, since it may have been
// admitted a moment later, and is no use.
func TestCase140RefusedConnections(t *testing.T) {
	r := newRecorder(t)
	require.NoError(t, r.BeginUsage(grantA))
	c := r.connects(grantA, " refused", 1)
	require.False(t, r.usage(5).Used())
	r.ends(10, c)
	require.False(t, r.usage(20).Used())
}

// TestNoRecordIsNoProof: of a grant whose connections nobody recorded nothing is known.
func TestNoRecordIsNoProof(t *testing.T) {
	r := newRecorder(t)
	r.ends(10, r.connects(grantA, "", 1))
	_, there, err := r.Usage(grantA, noon)
	require.NoError(t, err)
	require.False(t, there)
	require.NoError(t, os.WriteFile(r.Path("usage", grantA), []byte(`{"sessions": 0`), 0o600))
	_, _, err = r.Usage(grantA, noon)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "nor of one whose record is torn")
}

// TestConnectionCountsOnce: a writer that dies between the record of the usage and that of
// the connection leaves both, and another process looks at the same time.
func TestConnectionCountsOnce(t *testing.T) {
	r := newRecorder(t)
	require.NoError(t, r.BeginUsage(grantA))
	c := r.connects(grantA, "", 1)
	path := r.Path("sessions", fmt.Sprintf("%d.7", c.PID))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	r.ends(10, c)
	r.ends(11, c)
	require.NoError(t, os.WriteFile(path, before, 0o600))
	require.Equal(t, usage(1, 1, 10, 9), r.usage(20))
	r.ends(12, c)
	require.Equal(t, usage(1, 1, 10, 9), r.usage(20))
}

// TestUsageOfMany: who connects again and again fills neither the disk nor the time for
// which the directory is locked.
func TestUsageOfMany(t *testing.T) {
	r := newRecorder(t)
	require.NoError(t, r.BeginUsage(grantA))
	for n := range 600 {
		r.ends(2*n+1, r.connects(grantA, "", 2*n))
	}
	require.Equal(t, 600, r.usage(5000).Sessions)
	record, err := os.ReadFile(r.Path("usage", grantA))
	require.NoError(t, err)
	require.Less(t, len(record), 20_000)

	var many []hostfiles.Connection
	for range 450 {
		many = append(many, r.connects(grantA, "", 2000))
	}
	r.ends(2001, many...)
	left, err := r.Connections()
	require.NoError(t, err)
	require.Len(t, left, 250, "the others are taken in at the next look")
	require.Equal(t, 1050, r.usage(2001).Sessions)
}
