package terraform

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/strictjson"
)

// store keeps records as files, encrypted and authenticated with AES-256-GCM. A file that
// was made up, changed, or renamed to another grant's name does not decrypt.
type store struct {
	target    string // its name; a record of another target's does not decrypt
	directory string
	keys      []field.Secret
}

const (
	recordSuffix = ".record"
	header       = "ramp terraform record 1\n"
)

func (s *store) path(name string) string { return filepath.Join(s.directory, name+recordSuffix) }

// ciphers returns the keys' ciphers, the one that encrypts first. Keys are read again for
// every use, so they may change. Errors are of code unavailable and invalid.
func (s *store) ciphers(ctx context.Context) ([]cipher.AEAD, error) {
	var all []cipher.AEAD
	for _, one := range s.keys {
		key, err := one.ReadKey(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeOf(err), "keys: %w", err)
		}
		block, err := aes.NewCipher(key[:])
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		all = append(all, aead)
	}
	return all, nil
}

// about is what a record is authenticated with: whose it is.
func (s *store) about(name string) []byte { return []byte(header + s.target + "\n" + name) }

// save writes a record whole or not at all.
func (s *store) save(ctx context.Context, r *record) error {
	all, err := s.ciphers(ctx)
	if err != nil {
		return err
	}
	b, err := json.Marshal(r)
	if err != nil {
		return err
	}
	sealed := all[0].Seal([]byte(header), nil, b, s.about(r.Grant)) // #nosec G407 -- this AEAD makes a random nonce itself
	if err := writeWhole(s.path(r.Grant), sealed); err != nil {
		return access.Errorf(access.CodeUnavailable, "the record of %s cannot be written: %w", r.Grant, err)
	}
	return nil
}

// load returns a grant's record, or nil if there is none. Errors are of code unavailable.
func (s *store) load(ctx context.Context, name string) (*record, error) {
	b, err := os.ReadFile(s.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, s.there()
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the record of %s: %w", name, err)
	}
	all, err := s.ciphers(ctx)
	if err != nil {
		return nil, err
	}
	sealed, ours := strings.CutPrefix(string(b), header)
	for _, one := range all {
		clear, err := one.Open(nil, nil, []byte(sealed), s.about(name))
		if err != nil || !ours {
			continue
		}
		r := &record{}
		if err := strictjson.Unmarshal(clear, r); err != nil || r.Grant != name {
			return nil, access.Errorf(access.CodeUnavailable, "the record of %s is not one that this version of Ramp wrote", name)
		}
		return r, nil
	}
	return nil, access.Errorf(access.CodeUnavailable, "the record of %s does not decrypt: it was changed or moved, or its key is not in keys any more", name)
}

// there returns an error if the directory is not: a folder that is not mounted must not
// look like one in which nothing is open.
func (s *store) there() error {
	if _, err := os.Stat(s.directory); err != nil {
		return access.Errorf(access.CodeUnavailable, "the directory of records: %w", err)
	}
	return nil
}

func (s *store) remove(name string) error {
	if err := os.Remove(s.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return access.Errorf(access.CodeUnavailable, "the record of %s: %w", name, err)
	}
	return nil
}

// names returns the names of all records.
func (s *store) names() ([]string, error) {
	entries, err := os.ReadDir(s.directory)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the directory of records: %w", err)
	}
	var all []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), recordSuffix); ok && e.Type().IsRegular() {
			if _, ours := access.RequestIDFromGrantName(name); ours {
				all = append(all, name)
			}
		}
	}
	return all, nil
}

// writeWhole replaces a file at once, on the disk before it returns.
func writeWhole(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	directory, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer directory.Close()
	return directory.Sync() // the new name is on the disk too
}
