package hostfiles_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/sync/errgroup"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/sshcert/hostfiles"
)

const (
	grantA = "ramp-0123456789abcdef-a"
	grantB = "ramp-0123456789abcdef-b"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func TestGrantLine(t *testing.T) {
	for name, c := range map[string]struct{ from, command, want string }{
		"plain":   {want: `expiry-time="20261124120000Z",environment="RAMP_GRANT=` + grantA + `" ` + grantA},
		"from":    {from: "10.0.0.0/8", want: `expiry-time="20261124120000Z",environment="RAMP_GRANT=` + grantA + `",from="10.0.0.0/8" ` + grantA},
		"command": {command: `say "hi \o/" now`, want: `expiry-time="20261124120000Z",environment="RAMP_GRANT=` + grantA + `",command="say \"hi \o/\" now" ` + grantA},
		"tricky":  {command: `a\"b, x y=","`, want: `expiry-time="20261124120000Z",environment="RAMP_GRANT=` + grantA + `",command="a\\"b, x y=\",\"" ` + grantA},
	} {
		t.Run(name, func(t *testing.T) {
			line := hostfiles.GrantLine(grantA, noon, c.from, c.command)
			require.Equal(t, c.want, line)
			l := hostfiles.ParseLine(line)
			require.NoError(t, l.Err)
			require.Equal(t, grantA, l.Principal)
			require.Equal(t, hostfiles.Options{ExpiresAt: noon, Environment: []string{"RAMP_GRANT=" + grantA},
				From: c.from, Command: c.command}, l.Options)
			require.True(t, l.Admits(noon.Add(-time.Second)))
			require.False(t, l.Admits(noon), "to the second")
		})
	}
}

func TestParseLine(t *testing.T) {
	for name, c := range map[string]struct {
		raw, principal string
		admits         bool
	}{
		"blank":                  {raw: "  \t"},
		"comment":                {raw: "  # " + grantA},
		"principal alone":        {raw: "alice", principal: "alice", admits: true},
		"carriage return":        {raw: "alice\r", principal: "alice", admits: true},
		"comment behind":         {raw: "alice # not " + grantA, principal: "alice", admits: true},
		"upper case option":      {raw: `EXPIRY-TIME="20261125Z" alice`, principal: "alice", admits: true},
		"day only":               {raw: `expiry-time="20261124Z" alice`, principal: "alice"},
		"minutes":                {raw: `expiry-time="202611241201Z" alice`, principal: "alice", admits: true},
		"earliest counts":        {raw: `expiry-time="20261125Z",expiry-time="20261123Z" alice`, principal: "alice"},
		"no such option":         {raw: `no-pty alice`, principal: "alice"},
		"no closing quote":       {raw: `command="x alice`, principal: "alice"},
		"hash cuts the quote":    {raw: `command="x # y" alice`, principal: `command="x`, admits: true},
		"expiry without end":     {raw: `expiry-time="" alice`, principal: "alice"},
		"not a time":             {raw: `expiry-time="20261340000000Z" alice`, principal: "alice"},
		"from twice":             {raw: `from="1.2.3.4",from="0.0.0.0/0" alice`, principal: "alice"},
		"comma at the end":       {raw: `from="1.2.3.4", alice`, principal: "alice"},
		"word between":           {raw: `from="1.2.3.4" bob alice`, principal: "alice"},
		"environment, no name":   {raw: `environment="=x" alice`, principal: "alice"},
		"principal in an option": {raw: `command="` + grantA + `" alice`, principal: "alice", admits: true},
	} {
		t.Run(name, func(t *testing.T) {
			l := hostfiles.ParseLine(c.raw)
			require.Equal(t, c.principal, l.Principal)
			require.Equal(t, c.admits, l.Admits(noon), "%v", l.Err)
		})
	}
}

func TestCommandFits(t *testing.T) {
	for command, want := range map[string]bool{
		"uptime": true, `grep "a b" /var/log/x`: true, "": true,
		"a # b": false, `a\`: false, "a\nb": false, "ünicode": false, " a": false, "a\x00": false,
	} {
		require.Equal(t, want, hostfiles.CommandFits(command), "%q", command)
	}
}

// Lines that Ramp did not write, or that somebody edited by hand.
func TestEditLeavesForeignLines(t *testing.T) {
	foreign := "# kept by hand\n\nalice\r\n\t" + `no-pty,command="x" bob` + "\nroot" // no line end
	content := hostfiles.Append([]byte(foreign), hostfiles.GrantLine(grantA, noon, "", ""))
	content = hostfiles.Append(content, hostfiles.GrantLine(grantB, noon, "", ""))
	require.Equal(t, foreign+"\n", string(content[:len(foreign)+1]))

	edited := strings.Replace(string(content), `expiry-time="20261124120000Z",environment="RAMP_GRANT=`+grantA+`"`, `pty`, 1)
	require.NotEqual(t, string(content), edited)
	l, ok := hostfiles.Find([]byte(edited), grantA)
	require.True(t, ok)
	require.False(t, l.Admits(noon.Add(-time.Hour)), "what was edited into something unknown admits nobody")

	rest, dropped := hostfiles.Drop([]byte(edited), grantA)
	require.True(t, dropped, "but it is still Ramp's to remove")
	rest, dropped = hostfiles.Drop(rest, grantB)
	require.True(t, dropped)
	require.Equal(t, foreign+"\n", string(rest))
	_, dropped = hostfiles.Drop(rest, grantA)
	require.False(t, dropped)
}

func TestDropTakesEveryCopy(t *testing.T) {
	content := []byte(grantA + "\nalice\n" + hostfiles.GrantLine(grantA, noon, "", "") + "\n" + grantA)
	rest, _ := hostfiles.Drop(content, grantA)
	require.Equal(t, "alice\n", string(rest))
}

func newDir(t *testing.T) *hostfiles.Dir {
	d := hostfiles.New(t.TempDir(), hostfiles.OS{})
	require.NoError(t, d.Create())
	return d
}

// Several processes stand behind one directory: each opens it for itself.
func TestConcurrentWriters(t *testing.T) {
	first := newDir(t)
	require.NoError(t, first.SetPrincipals("deploy", []byte("# by hand\nalice\n")))
	ctx := context.Background()
	var group errgroup.Group
	for i := range 16 {
		group.Go(func() error {
			d := hostfiles.New(first.Path(), hostfiles.OS{})
			for n := range 10 {
				unlock, err := d.Lock(ctx)
				if err != nil {
					return err
				}
				content, err := d.Principals("deploy")
				if err == nil {
					err = d.SetPrincipals("deploy", hostfiles.Append(content, fmt.Sprintf("writer-%d-%d", i, n)))
				}
				unlock()
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	content, err := first.Principals("deploy")
	require.NoError(t, err)
	lines := hostfiles.Lines(content)
	require.Len(t, lines, 2+16*10, "a lost update")
	require.Equal(t, "alice", lines[1].Principal)
}

func TestLockGivesUp(t *testing.T) {
	d := newDir(t)
	unlock, err := d.Lock(context.Background())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err = d.Lock(ctx)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	unlock()
	unlock, err = d.Lock(context.Background())
	require.NoError(t, err)
	unlock()
}

func TestReplace(t *testing.T) {
	d := newDir(t)
	path := d.Path("principals", "deploy")
	t.Run("KeepsMode", func(t *testing.T) {
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, d.SetPrincipals("deploy", []byte("x\n")))
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, fs.FileMode(0o600), info.Mode())
	})
	t.Run("RefusesLinks", func(t *testing.T) {
		victim := d.Path("victim")
		require.NoError(t, os.WriteFile(victim, []byte("precious"), 0o600))
		require.NoError(t, os.Symlink(victim, d.Path("principals", "evil")))
		err := d.SetPrincipals("evil", []byte("x"))
		require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
		b, err := os.ReadFile(victim)
		require.NoError(t, err)
		require.Equal(t, "precious", string(b))
	})
	t.Run("LeavesNoTemporaryFiles", func(t *testing.T) {
		entries, err := os.ReadDir(d.Path("principals"))
		require.NoError(t, err)
		require.Len(t, entries, 2)
	})
}

// A mount that went away must not read as "nobody is admitted".
// A worker that is killed while it writes leaves the lines of everything that was open
// then. The next one removes them, and nothing else.
func TestLeftoversOfAKilledWriter(t *testing.T) {
	d := newDir(t)
	require.NoError(t, d.SetPrincipals("web1", []byte("alice\n")))
	write := func(elem ...string) string {
		path := d.Path(elem...)
		require.NoError(t, os.WriteFile(path, []byte(hostfiles.GrantLine(grantA, noon, "", "")+"\n"), 0o644))
		return path
	}
	gone := []string{write("principals", ".web13098412345"), write("issued", "."+grantA+"77"), write("closed", "."+grantA+"8"), write(".revoked_keys123")}
	stay := []string{d.Path("principals", "web1"), write("principals", ".gitignore"), write(".lock"), write("sessions", ".4711")}
	unlock, err := d.Lock(t.Context())
	require.NoError(t, err)
	defer unlock()
	require.NoError(t, d.RemoveLeftovers())
	for _, path := range gone {
		require.NoFileExists(t, path)
	}
	for _, path := range stay {
		require.FileExists(t, path)
	}
}

func TestMissingDirectoryIsUnavailable(t *testing.T) {
	d := hostfiles.New(t.TempDir()+"/gone", hostfiles.OS{})
	_, err := d.Principals("deploy")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	_, err = d.AllPrincipals()
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	_, err = d.IsClosed(grantA)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	_, err = d.IsRevoked(newKey(t))
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

func TestRevokedKeys(t *testing.T) {
	d := newDir(t)
	old, live, foreign := newKey(t), newKey(t), newKey(t)
	byHand := "# by hand\n" + string(ssh.MarshalAuthorizedKey(foreign)) // as left by a person
	require.NoError(t, os.WriteFile(d.RevokedPath(), []byte(strings.TrimSpace(byHand)), 0o644))
	require.NoError(t, d.RevokeKeys([]hostfiles.Key{
		{Grant: grantA, Public: old, ExpiresAt: noon}, {Grant: grantB, Public: live, ExpiresAt: noon.Add(time.Hour)},
	}, noon.Add(-time.Minute)))
	for range 2 { // the second time there is nothing to do
		require.NoError(t, d.RevokeKeys([]hostfiles.Key{{Grant: grantB, Public: live, ExpiresAt: noon.Add(time.Hour)}}, noon.Add(time.Minute)))
	}
	for _, k := range []ssh.PublicKey{old, live, foreign} {
		revoked, err := d.IsRevoked(k)
		require.NoError(t, err)
		require.True(t, revoked)
	}

	require.NoError(t, d.RevokeKeys(nil, noon.Add(30*time.Minute)))
	revoked, err := d.IsRevoked(old)
	require.NoError(t, err)
	require.False(t, revoked, "dropped once its certificate has long expired")
	for _, k := range []ssh.PublicKey{live, foreign} {
		revoked, err = d.IsRevoked(k)
		require.NoError(t, err)
		require.True(t, revoked)
	}
	require.NoError(t, os.Remove(d.RevokedPath()))
	_, err = d.IsRevoked(foreign)
	require.Error(t, err, "no list: nobody may log in")
}

func TestClosed(t *testing.T) {
	d := newDir(t)
	closed, err := d.IsClosed(grantA)
	require.NoError(t, err)
	require.False(t, closed)
	require.NoError(t, d.Close(grantA))
	require.NoError(t, d.Close(grantA))
	require.NoError(t, d.ForgetClosed(time.Now()))
	closed, err = d.IsClosed(grantA)
	require.NoError(t, err)
	require.True(t, closed)
	require.NoError(t, d.ForgetClosed(time.Now().Add(31*24*time.Hour)))
	closed, err = d.IsClosed(grantA)
	require.NoError(t, err)
	require.False(t, closed)
}

func TestFromAllows(t *testing.T) {
	for name, c := range map[string]struct {
		list, addr    string
		allowed, fail bool
	}{
		"block":             {list: "10.0.0.0/8", addr: "10.1.2.3", allowed: true},
		"outside":           {list: "10.0.0.0/8", addr: "11.1.2.3"},
		"mapped":            {list: "127.0.0.0/8", addr: "::ffff:127.0.0.1", allowed: true},
		"one of several":    {list: "10.0.0.0/8,::1", addr: "::1", allowed: true},
		"negative":          {list: "10.0.0.0/8,!10.1.0.0/16", addr: "10.1.2.3"},
		"negative only":     {list: "!10.1.0.0/16", addr: "11.1.2.3"},
		"wildcard":          {list: "10.*", addr: "10.1.2.3", fail: true},
		"name":              {list: "bastion.example", addr: "10.1.2.3", fail: true},
		"empty, as nothing": {list: "", addr: "10.1.2.3", fail: true},
	} {
		t.Run(name, func(t *testing.T) {
			allowed, err := hostfiles.FromAllows(c.list, netip.MustParseAddr(c.addr))
			require.Equal(t, c.fail, err != nil)
			require.Equal(t, c.allowed, allowed)
		})
	}
}

func newKey(t *testing.T) ssh.PublicKey {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	return key
}
