// Package witnesstest starts witnesses for tests: the reference implementation
// (github.com/transparency-dev/witness), a process of its own that knows nothing of Ramp.
package witnesstest

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/testtools"
	"ramp.dev/ramp/witness"
)

// Witness is a witness that runs.
type Witness struct {
	URL string
	Key string // its verifier key, for cosignatures
}

// Start starts a witness that knows one log, by the key that Signer.LogKey returns. It has
// cosigned nothing, and ends with the test.
func Start(t testing.TB, name, logKey string) Witness {
	t.Helper()
	private, public, err := note.GenerateKey(rand.Reader, name)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "witness.key")
	require.NoError(t, os.WriteFile(file, []byte(private), 0o600))
	cmd := exec.Command(testtools.Binary(t, "witness"), "-key", file, "-log", logKey) // #nosec G204 -- the tool of these tests
	cmd.Stderr = os.Stderr
	held, err := cmd.StdinPipe() // it ends when this is closed, also where the test is killed
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { held.Close(); _ = cmd.Wait() })
	address, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err, "the witness does not start")
	return Witness{URL: "http://" + strings.TrimSpace(address), Key: cosigning(t, name, public)}
}

// cosigning returns the key as it verifies cosignatures (c2sp.org/tlog-cosignature), of the
// same key as it verifies notes.
func cosigning(t testing.TB, name, public string) string {
	raw, err := base64.StdEncoding.DecodeString(strings.SplitN(public, "+", 3)[2])
	require.NoError(t, err)
	raw[0] = 4
	sum := sha256.Sum256(append([]byte(name+"\n"), raw...))
	return fmt.Sprintf("%s+%x+%s", name, sum[:4], base64.StdEncoding.EncodeToString(raw))
}

// Verifier returns the witness's key, parsed.
func (w Witness) Verifier(t testing.TB) evidence.Witness {
	key, err := evidence.ParseWitness(w.Key)
	require.NoError(t, err)
	return key
}

// Config returns the configuration in which witnesses are named one, two and so on.
func Config(quorum int, all ...Witness) witness.Config {
	c := witness.Config{Quorum: quorum, Members: map[string]witness.Member{}}
	for i, w := range all {
		c.Members[[]string{"one", "two", "three", "four"}[i]] = witness.Member{URL: w.URL, Key: w.Key}
	}
	return c
}
