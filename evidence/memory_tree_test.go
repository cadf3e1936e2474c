package evidence

import "golang.org/x/mod/sumdb/tlog"

// memoryTree is a log's Merkle tree, built from its leaves.
type memoryTree struct {
	hashes []tlog.Hash
	size   int64
}

func (t *memoryTree) add(leaf []byte) error {
	hashes, err := tlog.StoredHashes(t.size, leaf, t)
	t.hashes, t.size = append(t.hashes, hashes...), t.size+1
	return err
}

// ReadHashes implements tlog.HashReader.
func (t *memoryTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, idx := range indexes {
		out[i] = t.hashes[idx]
	}
	return out, nil
}
