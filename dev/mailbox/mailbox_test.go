package mailbox

import (
	"net/smtp"
	"os"
	"path/filepath"
	"strings"
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
	both := []byte("To: carol@example.test\r\nSubject: both\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\ntext\r\n--x\r\nContent-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p class=3D\"x\">page</p>\r\n--x--\r\n")
	require.NoError(t, smtp.SendMail(s.Addr, nil, "ramp@example.test", []string{"carol@example.test"}, both))
	s.Stop()
	files, err := filepath.Glob(filepath.Join(dir, "*.txt"))
	require.NoError(t, err)
	require.Len(t, files, 4)
	b, err := os.ReadFile(files[0])
	require.NoError(t, err)
	require.Equal(t, "To: bob@example.test\nSubject: alice ä\n\na line that is broken\n", string(b))
	pages, err := filepath.Glob(filepath.Join(dir, "*.html"))
	require.NoError(t, err)
	require.Len(t, pages, 1)
	b, err = os.ReadFile(pages[0])
	require.NoError(t, err)
	require.Equal(t, `<p class="x">page</p>`, string(b))
	b, err = os.ReadFile(strings.TrimSuffix(pages[0], ".html") + ".txt")
	require.NoError(t, err)
	require.Equal(t, "To: carol@example.test\nSubject: both\n\ntext", string(b))
}
