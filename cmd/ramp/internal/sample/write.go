package sample

import (
	"archive/zip"
	"bytes"
	"io"

	"ramp.dev/ramp/evidence"
)

// Writer writes a sample as a zip archive: of the same packs the same bytes, since no
// file has a time.
type Writer struct {
	zip      *zip.Writer
	manifest Manifest
}

// NewWriter begins a sample; m has everything but its requests.
func NewWriter(w io.Writer, m Manifest) *Writer {
	m.Requests = []Item{}
	return &Writer{zip: zip.NewWriter(w), manifest: m}
}

func (w *Writer) file(name string, content []byte) error {
	f, err := w.zip.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
	if err == nil {
		_, err = f.Write(content)
	}
	return err
}

// Add writes a request with its pack, and the page that shows it.
func (w *Writer) Add(i Item, pack evidence.Pack, packBytes []byte, r evidence.Report) error {
	i.Hold(packBytes, r)
	page, err := requestPage(i, pack, r)
	if err != nil {
		return err
	}
	if err := w.file(PackName(i.ID), packBytes); err != nil {
		return err
	}
	w.manifest.Requests = append(w.manifest.Requests, i)
	return w.file(PageName(i.ID), page)
}

// AddMissing writes a request that the log has, and for which there is no pack.
func (w *Writer) AddMissing(i Item, problem string) {
	i.Problem = problem
	w.manifest.Requests = append(w.manifest.Requests, i)
}

// Close writes what is about all requests, and ends the archive. It returns the manifest
// as it was written.
func (w *Writer) Close() (Manifest, error) {
	b, err := w.manifest.encode()
	if err != nil {
		return w.manifest, err
	}
	if err := w.file(manifestName, b); err != nil {
		return w.manifest, err
	}
	index, err := indexPage(w.manifest)
	if err != nil {
		return w.manifest, err
	}
	if err := w.file(indexName, index); err != nil {
		return w.manifest, err
	}
	return w.manifest, w.zip.Close()
}

// IsArchive reports whether a file begins as a zip archive does.
func IsArchive(r io.ReaderAt) bool {
	var b [4]byte
	n, _ := r.ReadAt(b[:], 0)
	return n == len(b) && bytes.Equal(b[:], []byte("PK\x03\x04"))
}
