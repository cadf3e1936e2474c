package contractgit

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/format/packfile"
	"github.com/go-git/go-git/v5/storage/filesystem"

	"ramp.dev/ramp/access"
)

// What a repository sends is looked at before anything is made of it: whoever may push,
// without a key that signs, could otherwise have a server unpack kilobytes into gigabytes
// (docs/threats.md, case 97). The pack is written to a file first, its objects are counted
// and unpacked into nothing, and only then is it given to the clone.

const (
	maxPackObjects = 200_000
	// maxPackDepth is git's own bound on how many deltas lie between an object and the one
	// that it is made from: each costs its size to make.
	maxPackDepth = 4095
	// defaultMiB bounds what one fetch unpacks to, where nothing else is said.
	defaultMiB = 64
	largestMiB = 4096
)

// limits bound one pack, in bytes.
type limits struct {
	all int64 // of all objects as they are unpacked, and of the pack itself
	one int64 // of one object
}

func (c Config) limits() limits {
	all := int64(c.MaxMiB) << 20
	if all == 0 {
		all = defaultMiB << 20
	}
	return limits{all: all, one: all / 4}
}

// bounded is the storage of a clone that takes no pack that is over its limits.
type bounded struct {
	*filesystem.Storage
	dir    string
	limits limits
}

// PackfileWriter implements storer.PackfileWriter.
func (c *bounded) PackfileWriter() (io.WriteCloser, error) {
	f, err := os.CreateTemp(c.dir, "incoming-")
	if err != nil {
		return nil, err
	}
	// The file has no name from here on, so none is left when the process dies.
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return &incoming{clone: c, file: f}, nil
}

// incoming is a pack on its way into a clone.
type incoming struct {
	clone   *bounded
	file    *os.File
	written int64
	failed  bool
}

// Write implements io.Writer.
func (i *incoming) Write(b []byte) (int, error) {
	if i.written+int64(len(b)) > i.clone.limits.all {
		i.failed = true
		return 0, tooMuch("the packfile has more than %s", mib(i.clone.limits.all))
	}
	n, err := i.file.Write(b)
	i.written += int64(n)
	i.failed = i.failed || err != nil
	return n, err
}

// Close gives the pack to the clone if it is within the limits.
func (i *incoming) Close() error {
	defer i.file.Close()
	if i.failed || i.written == 0 {
		return nil // why, is said already
	}
	if err := i.check(); err != nil {
		return err
	}
	if _, err := i.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	w, err := i.clone.Storage.PackfileWriter()
	if err != nil {
		return err
	}
	_, err = io.Copy(w, i.file)
	return errors.Join(err, w.Close())
}

// check returns why the pack is over its limits. Nothing is kept of what it unpacks.
func (i *incoming) check() error {
	if _, err := i.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	s := packfile.NewScanner(i.file)
	_, objects, err := s.Header()
	if err != nil {
		return err
	}
	if objects > maxPackObjects {
		return tooMuch("the packfile has %d objects; %d are taken", objects, maxPackObjects)
	}
	var unpacked, named int64
	depths := map[int64]int64{} // of deltas, by their place in the pack
	for range objects {
		h, err := s.NextObjectHeader()
		if err != nil {
			return err
		}
		size, depth := h.Length, int64(0)
		if h.Type == plumbing.OFSDeltaObject || h.Type == plumbing.REFDeltaObject {
			// How deep one lies that is made from a name is not known before all are made.
			if depth = depths[h.OffsetReference] + 1; h.Type == plumbing.REFDeltaObject {
				named++
				depth = named
			}
			depths[h.Offset] = depth
		}
		if depth > maxPackDepth {
			return tooMuch("an object of the packfile is made through more than %d others", maxPackDepth)
		}
		if size > i.clone.limits.one {
			return tooMuch("an object has %s; %s are taken", mib(size), mib(i.clone.limits.one))
		}
		begins := &beginning{}
		if _, _, err := s.NextObject(begins); err != nil {
			return err
		}
		if depth > 0 {
			made, err := deltaSize(begins.text)
			if err != nil {
				return err
			}
			size = max(size, made)
		}
		if size > i.clone.limits.one {
			return tooMuch("an object has %s; %s are taken", mib(size), mib(i.clone.limits.one))
		}
		if unpacked += size; unpacked > i.clone.limits.all {
			return tooMuch("its objects have more than %s together", mib(i.clone.limits.all))
		}
	}
	return nil
}

// beginning keeps the first bytes of what is written to it.
type beginning struct{ text []byte }

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	if left := 2*binary.MaxVarintLen64 - len(b.text); left > 0 {
		b.text = append(b.text, p[:min(left, len(p))]...)
	}
	return len(p), nil
}

// deltaSize returns the size of the object that a delta makes. A delta begins with the
// size of the object that it is made from and with that one (gitformat-pack(5)).
func deltaSize(delta []byte) (int64, error) {
	r := bufio.NewReader(bytes.NewReader(delta))
	if _, err := binary.ReadUvarint(r); err != nil {
		return 0, err
	}
	size, err := binary.ReadUvarint(r)
	if err != nil || size > 1<<62 {
		return 0, fmt.Errorf("a delta of the packfile does not say how much it makes")
	}
	return int64(size), nil
}

func tooMuch(format string, args ...any) error {
	return access.Errorf(access.CodeInvalid, format+"; give the contracts a repository of their own, or raise server.contractsGit.maxMiB", args...)
}

func mib(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
