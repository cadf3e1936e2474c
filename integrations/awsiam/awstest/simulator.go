package awstest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// Simulator evaluates IAM policies in one process of node. It is safe for
// concurrent use.
type Simulator struct {
	mu  sync.Mutex
	in  io.Writer
	out *bufio.Reader
}

// Question is one call to AWS, and the policies that apply to it.
type Question struct {
	At        time.Time         `json:"at"`
	Principal string            `json:"principal"`
	Action    string            `json:"action"`
	Resource  string            `json:"resource"`
	Account   string            `json:"account"`
	Context   map[string]string `json:"context,omitempty"`

	Identity       []json.RawMessage `json:"identity,omitempty"`
	ResourcePolicy json.RawMessage   `json:"resourcePolicy,omitempty"`
	Boundary       json.RawMessage   `json:"boundary,omitempty"`
	Organization   []json.RawMessage `json:"organization,omitempty"` // service control policies; one that allows everything is always there
}

// Simulate starts a simulator that ends with the test. If something that it needs
// is missing, the test fails.
func Simulate(t testing.TB) *Simulator {
	t.Helper()
	node, err := exec.LookPath("node")
	require.NoError(t, err, "node is missing: run make setup")
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "..", "tools", "iam-simulate")
	_, err = os.Stat(filepath.Join(dir, "node_modules"))
	require.NoError(t, err, "the policy simulator is missing: run make setup")
	cmd := exec.Command(node, "simulate.mjs") // #nosec G204 -- for tests
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait()
	})
	return &Simulator{in: in, out: bufio.NewReader(out)}
}

// Allows reports whether AWS would allow the call. It returns an error if the
// question makes no sense, for example because the action does not exist.
func (s *Simulator) Allows(_ context.Context, q Question) (bool, error) {
	if q.Account == "" {
		q.Account = Account
	}
	q.At = q.At.UTC()
	line, err := json.Marshal(q)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return false, err
	}
	reply, err := s.out.ReadBytes('\n')
	if err != nil {
		return false, err
	}
	var answer struct{ Result, Error string }
	if err := json.Unmarshal(reply, &answer); err != nil {
		return false, err
	}
	if answer.Error != "" {
		return false, access.Errorf(access.CodeInternal, "iam-simulate on %s: %s", line, answer.Error)
	}
	return answer.Result == "Allowed", nil
}
