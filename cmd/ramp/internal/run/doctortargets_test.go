package run

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/worker"
)

// TestDoctorExaminesRights: of each target it says what its credential lacks and has too
// much; of one that cannot be opened, that nothing was compared.
func TestDoctorExaminesRights(t *testing.T) {
	dir := t.TempDir()
	host := sshcert.Config{Dir: field.File(dir), Users: []string{"deploy"}, Host: "host.example.com",
		HostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGUO0ezOpRtzEIU5L0E5F0wvUT4nk2nwDp8Jf5Rm2p6i", Sessions: sshcert.SessionsConfig{Control: field.File(filepath.Join(dir, "control.sock"))}}
	nowhere := host
	nowhere.Dir = field.File(filepath.Join(dir, "ca", "none")) // below a file
	var c config.Config
	c.Worker.Targets = map[string]worker.TargetConfig{"ssh/a": worker.NewTargetConfig("ssh", host), "ssh/b": worker.NewTargetConfig("ssh", nowhere)}
	_, err := host.Open(t.Context(), "ssh/a")
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o777)) // #nosec G302 -- what it must find

	rights, issues := examineRights(t.Context(), c, access.Issues{{Code: "target_unavailable", Field: "worker.targets.ssh/b"}})
	require.Len(t, rights, 2)
	var said []string
	for _, is := range issues {
		require.Equal(t, "worker.targets.ssh/a", is.Field)
		said = append(said, is.Code+": "+is.Message)
	}
	require.Contains(t, said, "rights_too_many: Ramp need not have, and has: others than its owner may write "+dir+", which has what the host goes by (mode 0777)")
	require.Equal(t, "ssh/b", rights[1].Target)
	require.Equal(t, []string{"nothing could be compared, since it cannot be used"}, rights[1].Unknown, "why was said")
	rights, _ = examineRights(t.Context(), c, nil)
	require.Contains(t, rights[1].Unknown[0], "nothing could be compared: ")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(openError(t, nowhere)))

	var out bytes.Buffer
	printRights(&out, []targetRights{{Target: "vault/main"}, rights[1]})
	require.Contains(t, out.String(), "vault/main: Ramp's own credential may do what is needed, and nothing that was looked for beside it.\nssh/b: not compared: nothing could be compared")
}

func openError(t *testing.T, c sshcert.Config) error {
	t.Helper()
	_, err := c.Open(t.Context(), "ssh/b")
	return err
}
