package people

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase54ClientBelievesLittle: a credential of an attacker's runs nothing on the
// requester's machine, neither by `ramp exec` nor by eval of `ramp creds`.
func TestCase54ClientBelievesLittle(t *testing.T) {
	ran := filepath.Join(t.TempDir(), "ran")
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\ntouch "+ran+"\n"), 0o700))
	change := func(c access.Credential, f func(*access.Credential)) access.Credential {
		f(&c)
		return c
	}
	for name, cred := range map[string]access.Credential{
		"a shell's variable":    change(vaultCredential(), func(c *access.Credential) { c.Env["BASH_ENV"] = script }),
		"a loader's variable":   change(vaultCredential(), func(c *access.Credential) { c.Env["LD_PRELOAD"] = script }),
		"a variable that runs":  change(vaultCredential(), func(c *access.Credential) { c.Env["X; touch "+ran+"; Y"] = "" }),
		"an SDK's file":         {Kind: "aws", Env: map[string]string{"AWS_CONFIG_FILE": script}},
		"another's variable":    {Kind: "aws", Env: map[string]string{"VAULT_ADDR": "https://elsewhere"}},
		"a line break in hints": change(vaultCredential(), func(c *access.Credential) { c.Hint = "x\ntouch " + ran }),
		"a command":             change(vaultCredential(), func(c *access.Credential) { c.Command = []string{script} }),
		"a command of ssh":      change(sshCredential(t), func(c *access.Credential) { c.Command = []string{"ssh", "-oProxyCommand=" + script} }),
		"arguments":             change(sshCredential(t), func(c *access.Credential) { c.Arguments["ssh"] = []string{"-o", "ProxyCommand=" + script} }),
		"arguments of a shell":  change(vaultCredential(), func(c *access.Credential) { c.Arguments = map[string][]string{"sh": {script}} }),
		"a file":                change(sshCredential(t), func(c *access.Credential) { c.Files["rc"] = "touch " + ran }),
		"a file elsewhere":      change(sshCredential(t), func(c *access.Credential) { c.Files["../config"] = "" }),
		"an unknown kind":       {Kind: "shell", Env: map[string]string{"PATH": filepath.Dir(script)}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeServer(t, cred)
			out, err := f.ramp("exec", requestID, "--", "bash", "-c", "true").CombinedOutput()
			require.Error(t, err, "%s", out)
			require.Contains(t, string(out), "it was not used")
			out, _ = f.ramp("creds", requestID).Output()
			require.NoError(t, exec.Command("bash", "-c", "eval \"$1\"", "bash", string(out)).Run())
			require.NoFileExists(t, ran)
			require.Empty(t, f.left())
		})
	}
	t.Run("ssh's configuration is our own", func(t *testing.T) {
		cred := sshCredential(t)
		cred.Files["config"] += "  ProxyCommand " + script + "\n  LocalCommand " + script + "\n  PermitLocalCommand yes\n  KnownHostsCommand " + script + "\nMatch exec " + script + "\nInclude " + script + "\n"
		f := newFakeServer(t, cred)
		out, err := f.ramp("exec", requestID, "--", "ssh", "-G", "demo").CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "hostname 192.0.2.7\n")
		require.NotContains(t, string(out), script)
		require.NoFileExists(t, ran)
		for _, bad := range []string{"Host demo\n  HostName -oProxyCommand=x\n  Port 22\n  User deploy\n", "Host a b\n  HostName c\n  Port 22\n  User deploy\n",
			"Host a\n  HostName c\n  Port 22\n  User de;id\n", "Host a\n  HostName c\n  Port 99999\n  User deploy\n", "Host a\n  Port 22\n  User deploy\n", "",
			// Of several hosts, none may be half described, there twice, or begin before its name.
			"Host a\n  HostName c\n  Port 22\n  User deploy\nHost b\n  HostName c\n  User deploy\n",
			"Host a\n  HostName c\n  Port 22\n  User deploy\nHost a\n  HostName d\n  Port 22\n  User deploy\n",
			"HostName c\nHost a\n  Port 22\n  User deploy\n", "Host a\n  HostName c\n  HostName d\n  Port 22\n  User deploy\n"} {
			f.cred.Files["config"] = bad
			out, err := f.ramp("exec", requestID, "--", "true").CombinedOutput()
			require.Error(t, err, bad)
			require.Contains(t, string(out), "it was not used", bad)
		}
		f.cred.Files["config"] = sshCredential(t).Files["config"] + "  ProxyCommand " + script + "\nHost web2\n  HostName 192.0.2.8\n  Port 22\n  User readonly\n  ProxyCommand " + script + "\n"
		for name, address := range map[string]string{"demo": "192.0.2.7", "web2": "192.0.2.8"} {
			out, err := f.ramp("exec", requestID, "--", "ssh", "-G", name).CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Contains(t, string(out), "hostname "+address+"\n")
			require.NotContains(t, string(out), script)
		}
	})
}

// TestCase79IntoKeepsWhatIsThere: --into writes over nothing that is the user's.
func TestCase79IntoKeepsWhatIsThere(t *testing.T) {
	f := newFakeServer(t, sshCredential(t))
	into := func(dir string) (string, error) {
		out, err := f.ramp("creds", requestID, "--into", dir).CombinedOutput()
		return string(out), err
	}
	mode := func(path string) os.FileMode {
		info, err := os.Lstat(path)
		require.NoError(t, err)
		return info.Mode()
	}
	for _, name := range []string{"config", "known_hosts", "id", "id-cert.pub"} {
		dir := t.TempDir()
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("mine"), 0o644))
		out, err := into(dir)
		require.Error(t, err)
		require.Contains(t, out, path+" is there already")
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, "mine", string(b))
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1, "nothing is written before all is looked at")
	}
	t.Run("through a link", func(t *testing.T) {
		dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "precious")
		require.NoError(t, os.Symlink(elsewhere, filepath.Join(dir, "id")))
		_, err := into(dir)
		require.Error(t, err)
		require.NoFileExists(t, elsewhere)
	})
	t.Run("others may write there", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o777))
		out, err := into(dir)
		require.Error(t, err)
		require.Contains(t, out, "others than you may write to")
	})
	t.Run("its own", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "a", "b")
		_, err := into(dir)
		require.NoError(t, err)
		require.Equal(t, os.ModeDir|0o700, mode(dir))
		first, err := os.ReadFile(filepath.Join(dir, "id"))
		require.NoError(t, err)
		require.NoError(t, os.Chmod(filepath.Join(dir, "id"), 0o644))
		f.cred = sshCredential(t)
		_, err = into(dir)
		require.NoError(t, err, "the same grant's files are replaced")
		require.Equal(t, os.FileMode(0o600), mode(filepath.Join(dir, "id")))
		second, err := os.ReadFile(filepath.Join(dir, "id"))
		require.NoError(t, err)
		require.NotEqual(t, first, second)
		require.NoError(t, os.WriteFile(filepath.Join(dir, ".ramp-grant"), []byte("ramp-fedcba9876543210-a\n"), 0o600))
		_, err = into(dir)
		require.Error(t, err, "another grant's are not")
		config, err := os.ReadFile(filepath.Join(dir, "config"))
		require.NoError(t, err)
		require.Contains(t, string(config), "IdentityFile \""+dir+"/id\"")
	})
}

// TestCase87MistakesSayWhatToDo: a mistyped address, and a command without --.
func TestCase87MistakesSayWhatToDo(t *testing.T) {
	f := newFakeServer(t, vaultCredential())
	for address, want := range map[string]string{
		"localhost:8080":   "did you mean http://localhost:8080?",
		"127.0.0.1:8080":   "did you mean http://127.0.0.1:8080?",
		"ramp.example.com": "did you mean https://ramp.example.com?",
		"ftp://x":          "it is like https://ramp.example.com",
		"http://":          "it is like https://ramp.example.com",
	} {
		for _, command := range []string{"ls", "login"} {
			out, err := f.ramp(command, "--server", address).CombinedOutput()
			require.Error(t, err)
			require.Contains(t, string(out), want, address)
		}
	}
	for _, args := range [][]string{{requestID, "ssh", "demo"}, {"--last", "ssh", "demo"}, {requestID, "ls", "-a"}, {requestID, "sh", "-c", "true"}} {
		out, err := f.ramp(append([]string{"exec"}, args...)...).CombinedOutput()
		require.Error(t, err)
		require.Contains(t, string(out), "--", strings.Join(args, " "))
		require.Contains(t, string(out), "ramp exec REQUEST -- COMMAND", strings.Join(args, " "))
	}
}
