package sample

import (
	"archive/zip"
	"bytes"
	"io"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Packs returns the evidence packs of a sample that Verify has found proven, in the order of
// its manifest; of requests that were dropped by policy there are none.
func Packs(r io.ReaderAt, size int64, m Manifest) (out []evidence.Pack, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "sample: %w", err)
	}
	a := archive{map[string]*zip.File{}}
	for _, f := range z.File {
		a.files[f.Name] = f
	}
	for _, item := range m.Requests {
		if item.Dropped != nil {
			continue // a signed removal stands in its place
		}
		b, ok, err := a.read(PackName(item.ID))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, access.Errorf(access.CodeEvidence, "sample: the pack of request %s is gone", access.Clip(item.ID, 40))
		}
		p, err := evidence.ReadPack(bytes.NewReader(b))
		if err != nil {
			return nil, err
		}
		// The file may have been written over since it was verified.
		again := item
		again.Hold(b, evidence.Report{})
		if again.Digest != item.Digest {
			return nil, access.Errorf(access.CodeEvidence, "sample: the pack of request %s is another than was verified", access.Clip(item.ID, 40))
		}
		out = append(out, p)
	}
	return out, nil
}
