package mailbox

import (
	"net/smtp"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMailbox: each message is a file that people read, whatever its recipient is called.
func TestMailbox(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	s, err := Start(dir)
	require.NoError(t, err)
	message := []byte("To: bob@example.test\r\nSubject: =?UTF-8?q?alice_=C3=A4?=\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na line that is bro=\r\nken\r\n")
	for range 2 {
		require.NoError(t, smtp.SendMail(s.Addr, nil, "ramp@example.test", []string{"bob@example.test"}, message))
	}
	require.NoError(t, smtp.SendMail(s.Addr, nil, "ramp@example.test", []string{"../../x@example.test"}, message))
	s.Stop()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	require.NoError(t, err)
	require.Len(t, files, 3)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "To: bob@example.test\nSubject: alice ä\n\na line that is broken\n", string(b))
}
