package server

import (
	"errors"
	"io/fs"
	"os"

	"github.com/google/renameio/v2"
)

// checkpointFile keeps the last signed checkpoint of the log in a file. Several
// servers may share it. No crash leaves half of one: the file is replaced whole.
type checkpointFile string

// Load implements app.CheckpointStore.
func (f checkpointFile) Load() (string, error) {
	b, err := os.ReadFile(string(f)) // #nosec G304 -- the configured path
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return string(b), err
}

// Save implements app.CheckpointStore.
func (f checkpointFile) Save(signed string) error {
	return renameio.WriteFile(string(f), []byte(signed), 0o644) // checkpoints are public
}
