package contractgit

import (
	"bytes"
	"compress/zlib"
	"crypto/sha1"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestCase97UnpackedWithinBounds: who may push, and has no key that signs, makes a server
// neither unpack more than its bound nor keep what it has refused. What is in force stays,
// and a commit that is signed comes into force afterwards.
func TestCase97UnpackedWithinBounds(t *testing.T) {
	f := newFixture(t, "alice")
	first := f.commit("alice", of("1h"))
	f.config.MaxMiB = 1
	s := f.open()
	f.inForce(s, first, "")
	before := size(t, string(f.config.Clone))
	big := filepath.Join(f.git.Dir, "contracts", "big.txt")
	for name, content := range map[string]string{
		"one that is packed well": strings.Repeat("a", 20<<20),
		"one a little too large":  strings.Repeat("b", 257<<10),
	} {
		t.Run(name, func(t *testing.T) {
			f := f.on(t)
			require.NoError(t, os.WriteFile(big, []byte(content), 0o600))
			f.commit("", of("2h"))
			got := f.inForce(s, first, "an object has")
			require.Equal(t, access.CodeInvalid, access.CodeOf(got.Refused))
			f.inForce(f.open(), first, "an object has")
			require.Less(t, size(t, string(f.config.Clone)), before+16<<10)
			f.git.Git("", "reset", "-q", "--hard", first)
		})
	}
	t.Run("many", func(t *testing.T) {
		f := f.on(t)
		for i := range 6 {
			require.NoError(t, os.WriteFile(big+string(rune('a'+i)), bytes.Repeat([]byte{'a' + byte(i)}, 200<<10), 0o600))
		}
		f.commit("", of("2h"))
		f.inForce(s, first, "its objects have more than 1.0 MiB together")
		f.git.Git("", "reset", "-q", "--hard", first)
	})
	t.Run("within the bounds, and not signed", func(t *testing.T) {
		f := f.on(t)
		for i := range 3 {
			noise := make([]byte, 100<<10)
			for j := range noise {
				noise[j] = byte(j * (j + i) >> 3)
			}
			require.NoError(t, os.WriteFile(big, noise, 0o600))
			f.commit("", of("2h"))
			f.inForce(s, first, "is not signed")
			f.git.Git("", "reset", "-q", "--hard", first)
			f.git.Git("", "gc", "-q", "--prune=now")
		}
		require.Less(t, size(t, string(f.config.Clone)), before+16<<10, "what was refused is not kept")
	})
	second := f.commit("alice", of("3h"))
	f.inForce(s, second, "")
	f.inForce(f.open(), second, "")
}

// TestCase97Packs: a pack that no git makes is held to the bounds, too: deltas that make
// far more than they hold, chains of them, and sizes that are not true.
func TestCase97Packs(t *testing.T) {
	f := newFixture(t)
	f.config.MaxMiB = 1
	s := f.open()
	blob := func(n int) []byte { return packed(3, n, nil, make([]byte, n)) }
	delta := func(makes uint64) []byte {
		d := binary.AppendUvarint(binary.AppendUvarint(nil, 100), makes)
		return append(d, 0x90, 100) // copies the first 100 bytes
	}
	onName := packed(7, len(delta(100)), make([]byte, 20), delta(100))
	onNext := packed(6, len(delta(100)), []byte{0}, delta(100))
	onNext = packed(6, len(delta(100)), []byte{byte(len(onNext))}, delta(100)) // on the one before
	chain, named := [][]byte{blob(100), packed(6, len(delta(100)), []byte{byte(len(blob(100)))}, delta(100))}, [][]byte{blob(100)}
	for range maxPackDepth {
		chain, named = append(chain, onNext), append(named, onName)
	}
	named = append(named, onName)
	for name, c := range map[string]struct {
		pack []byte
		says string
	}{
		"a delta that makes more than it holds": {pack(blob(100), packed(6, len(delta(1<<40)), []byte{byte(len(blob(100)))}, delta(1<<40))), "an object has 1048576.0 MiB"},
		"deltas upon deltas":                    {pack(chain...), "made through more than 4095 others"},
		"deltas upon names":                     {pack(named...), "made through more than 4095 others"},
		"more objects than are taken":           {pack(blob(1))[:8:8], ""},
		"a size that is not true":               {pack(packed(3, 10, nil, make([]byte, 900<<10))), packfile.ErrInflatedSizeMismatch.Error()},
		"a long pack":                           {make([]byte, 2<<20), "the packfile has more than 1.0 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.says == "" {
				c.pack, c.says = append(c.pack, 0, 0x10, 0, 0), "has 1048576 objects"
			}
			err := packfile.WritePackfileToObjectStorage(s.store, bytes.NewReader(c.pack))
			require.ErrorContains(t, err, c.says)
			packs, err := s.store.ObjectPacks()
			require.NoError(t, err)
			require.Empty(t, packs)
		})
	}
	require.NoError(t, packfile.WritePackfileToObjectStorage(s.store, bytes.NewReader(pack(blob(100)))))
}

// packed is one object of a pack: its kind, the length that it says, where it is made from, and
// what it holds (gitformat-pack(5)).
func packed(kind byte, length int, from, holds []byte) []byte {
	first, rest := kind<<4|byte(length&15), length>>4
	var out []byte
	for ; rest > 0; rest >>= 7 {
		out, first = append(out, first|0x80), byte(rest&0x7f)
	}
	out = append(append(out, first), from...)
	return append(out, deflated(holds)...)
}

func deflated(b []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	_, _ = w.Write(b)
	_ = w.Close()
	return z.Bytes()
}

func pack(objects ...[]byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte("PACK\x00\x00\x00\x02"), uint32(len(objects)))
	out = append(out, bytes.Join(objects, nil)...)
	sum := sha1.Sum(out) // #nosec G401 -- git's own format
	return append(out, sum[:]...)
}

// size is how much a directory holds.
func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}))
	return n
}
