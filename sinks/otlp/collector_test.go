package otlp_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testtools"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/otlp"
	"ramp.dev/ramp/sinks/sinktest"
)

// collectorProcess is the OpenTelemetry collector's own receiver, a process of its own that
// knows nothing of Ramp (testdata/collector).
type collectorProcess struct {
	t       testing.TB
	address string
	file    string // to which it appends each record's body before it confirms
	cmd     *exec.Cmd
	held    io.Closer
}

// startCollector starts one that ends with the test. One that is missing fails the test.
func startCollector(t testing.TB) *collectorProcess {
	c := &collectorProcess{t: t, address: ports.ForTest(t), file: filepath.Join(t.TempDir(), "records")}
	c.start()
	t.Cleanup(c.kill)
	return c
}

func (c *collectorProcess) start() {
	c.cmd = exec.Command(testtools.Binary(c.t, "collector"), "-listen", c.address, "-file", c.file) // #nosec G204 -- the tool of these tests
	c.cmd.Stderr = os.Stderr
	var err error
	c.held, err = c.cmd.StdinPipe() // it ends when this is closed, also where the test is killed
	require.NoError(c.t, err)
	out, err := c.cmd.StdoutPipe()
	require.NoError(c.t, err)
	require.NoError(c.t, c.cmd.Start())
	said, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(c.t, err)
	require.Equal(c.t, "listening\n", said)
}

func (c *collectorProcess) kill() {
	if c.cmd != nil {
		_ = c.cmd.Process.Signal(syscall.SIGKILL)
		_ = c.cmd.Wait() // which says that it was killed
		c.held.Close()
		c.cmd = nil
	}
}

// records returns what the collector has for good.
func (c *collectorProcess) records() (out [][]byte) {
	text, err := os.ReadFile(c.file)
	if os.IsNotExist(err) {
		return nil
	}
	require.NoError(c.t, err)
	for line := range bytes.Lines(text) {
		out = append(out, bytes.TrimSpace(line))
	}
	return out
}

// TestCase114Collector: the collector's own receiver has everything, in order and once,
// whatever is cut, full or killed meanwhile.
func TestCase114Collector(t *testing.T) {
	sinktest.Run(t, func(t testing.TB) sinktest.Harness {
		c := startCollector(t)
		wire := sinktest.NewWire(t, c.address)
		return sinktest.Harness{
			Config:   sinks.Config{OTLP: &otlp.Config{Address: wire.Address(), Plain: true}},
			Received: c.records,
			Faults: append(wire.Faults(), wire.Tear(3000),
				sinktest.Fault{Name: "DiskIsFull", Begin: func() { require.NoError(t, os.WriteFile(c.file+".full", nil, 0o600)) }, End: func() { require.NoError(t, os.Remove(c.file+".full")) }},
				sinktest.Fault{Name: "ReceiverIsKilled", Begin: c.kill, End: c.start},
			),
		}
	})
}
