package file_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/file"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
)

// lines returns the lines of the file and of those that it was before, in their order.
func lines(t testing.TB, path string) (out [][]byte) {
	all, err := filepath.Glob(path + "*")
	require.NoError(t, err)
	slices.Sort(all)
	if len(all) > 0 && all[0] == path { // the newest has no time
		all = append(all[1:], path)
	}
	for _, one := range all {
		text, err := os.ReadFile(one)
		require.NoError(t, err)
		require.True(t, len(text) == 0 || bytes.HasSuffix(text, []byte{'\n'}), "%s ends in a line's middle", one)
		for _, line := range bytes.Split(bytes.TrimSuffix(text, []byte{'\n'}), []byte{'\n'}) {
			if len(line) > 0 {
				out = append(out, line)
			}
		}
	}
	return out
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	dir := filepath.Join(t.TempDir(), "logs")
	require.NoError(t, os.Mkdir(dir, 0o700))
	path := filepath.Join(dir, "events.jsonl")
	return sinktest.Harness{
		Config:   sinks.Config{File: &file.Config{Path: field.File(path)}},
		Received: func() [][]byte { return lines(t, path) },
		Faults: []sinktest.Fault{
			{Name: "FolderIsGone", Begin: func() { require.NoError(t, os.Rename(dir, dir+"-away")) }, End: func() { require.NoError(t, os.Rename(dir+"-away", dir)) }},
			// Each write fails as on a full disk.
			{Name: "DiskIsFull", Begin: func() {
				require.NoError(t, os.Rename(path, path+".1"))
				require.NoError(t, os.Symlink("/dev/full", path))
			}, End: func() { require.NoError(t, os.Remove(path)) }},
			{Name: "SomebodyRotates", Begin: func() { require.NoError(t, os.Rename(path, path+".1")) }, End: func() {}, Passes: true},
			{Name: "AWriterDiedInALine", Begin: func() {
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				require.NoError(t, err)
				_, err = f.WriteString(`{"specversion":"1.0","id":"21`)
				require.NoError(t, err)
				require.NoError(t, f.Close())
			}, End: func() {}, Passes: true},
		},
	}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

// TestRotation: no file is longer than it may be, none is lost before its time, and no
// line is in two.
func TestRotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events[1].jsonl")
	s := file.Config{Path: field.File(path), MaxMiB: 1, Keep: 2}.Open()
	var sent []string
	for batch := range 50 {
		var messages []sink.Message
		for i := range 10 {
			body := fmt.Sprintf(`{"id":"%03d","x":%q}`, batch*10+i, strings.Repeat("x", 8000))
			sent = append(sent, body)
			messages = append(messages, sink.Message{Seq: int64(batch*10 + i + 1), Body: []byte(body)})
		}
		n, err := s.Send(t.Context(), messages)
		require.NoError(t, err)
		require.Equal(t, 10, n)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	require.Len(t, entries, 3, "the file and two before it")
	var text []byte
	for i, e := range append(entries[1:], entries[0]) {
		part, err := os.ReadFile(filepath.Join(filepath.Dir(path), e.Name()))
		require.NoError(t, err)
		require.LessOrEqual(t, len(part), 1<<20)
		if i < 2 {
			require.Greater(t, len(part), 1<<20-9000, "it was renamed when it was full")
		}
		text = append(text, part...)
	}
	got := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	require.Equal(t, sent[len(sent)-len(got):], got)
}

// TestTwoProcesses: one that sends events again waits for the other's batch.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	c := file.Config{Path: field.File(path), MaxMiB: 1}
	done := make(chan error, 2)
	for range 2 {
		go func() {
			s := c.Open()
			for i := range 100 {
				if _, err := s.Send(t.Context(), []sink.Message{{Seq: int64(i), Body: []byte(strings.Repeat("y", 20_000))}}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		require.NoError(t, <-done)
	}
	got := lines(t, path)
	require.Len(t, got, 200)
	for _, line := range got {
		require.Len(t, line, 20_000)
	}
}

// TestPing: it makes no file, and says that one cannot be made.
func TestPing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, file.Config{Path: field.File(filepath.Join(dir, "events"))}.Open().Ping(t.Context()))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.ErrorContains(t, file.Config{Path: field.File(filepath.Join(dir, "none", "events"))}.Open().Ping(t.Context()), "no such file or directory")
	require.ErrorContains(t, file.Config{Path: field.File(dir)}.Open().Ping(t.Context()), "is a directory")
}

func TestValidate(t *testing.T) {
	require.Empty(t, file.Config{Path: "x"}.Validate("f"))
	require.Len(t, file.Config{MaxMiB: -1, Keep: -1}.Validate("f"), 3)
}
