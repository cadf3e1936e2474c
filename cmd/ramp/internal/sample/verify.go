package sample

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/strictjson"
)

// Report is the result of verifying a sample.
type Report struct {
	Manifest Manifest            `json:"-"`
	Choice   Choice              `json:"choice"`
	Log      evidence.Checkpoint `json:"log"`
	Problems []string            `json:"problems,omitempty"` // of the archive as a whole
	Requests []Result            `json:"requests"`
	// Pages says why the pages for reading were not compared with the packs; empty if they
	// were.
	Pages string `json:"pages,omitempty"`
}

// Result is what one request's pack proves.
type Result struct {
	Item
	Problem string `json:"problem,omitempty"`
}

// Proven reports whether the archive is whole and every pack proves what it claims.
func (r Report) Proven() bool {
	for _, one := range r.Requests {
		if one.Problem != "" || !one.Proven() {
			return false
		}
	}
	return len(r.Problems) == 0
}

// InTime reports whether nothing outlasted its end.
func (r Report) InTime() bool {
	for _, one := range r.Requests {
		if one.Conclusion == evidence.ProvenEndedLate || one.Conclusion == evidence.ProvenOverdue {
			return false
		}
	}
	return true
}

// maxFile bounds a file of an archive, in bytes, as packs are bounded; an archive that
// says otherwise is refused.
const maxFile = 64 << 20

// archive reads the files of a sample, each once.
type archive struct {
	files map[string]*zip.File
}

// read returns a file and takes it out of those that are left; ok is false where there is
// none.
func (a archive) read(name string) (b []byte, ok bool, err error) {
	f, ok := a.files[name]
	if !ok {
		return nil, false, nil
	}
	delete(a.files, name)
	r, err := f.Open()
	if err == nil {
		defer r.Close()
		b, err = io.ReadAll(io.LimitReader(r, maxFile+1))
	}
	if err == nil && len(b) > maxFile {
		err = fmt.Errorf("it is larger than %d bytes", maxFile)
	}
	if err != nil {
		return nil, true, access.Errorf(access.CodeInvalid, "sample: %s: %w", access.Clip(name, 80), err)
	}
	return b, true, nil
}

// Verify verifies a sample with nothing but public keys: the checkpoint that it was chosen
// from, each pack, that each is of the request that the sample names, and that it was to be
// chosen. version is this Ramp's: the pages of a sample that the same version wrote are made
// again and compared. That no request is missing a sample cannot prove; whoever made it read
// the whole log. Errors are CodeInvalid for what is no sample; all else is in the report.
func Verify(r io.ReaderAt, size int64, version string, servers, workers evidence.Keyring, progress func(done, of int)) (Report, error) {
	var out Report
	z, err := zip.NewReader(r, size)
	if err != nil {
		return out, access.Errorf(access.CodeInvalid, "sample: %w", err)
	}
	a := archive{map[string]*zip.File{}}
	for _, f := range z.File {
		if a.files[f.Name] != nil {
			return out, access.Errorf(access.CodeInvalid, "sample: the archive has the file %q twice", access.Clip(f.Name, 80))
		}
		a.files[f.Name] = f
	}
	b, ok, err := a.read(manifestName)
	if err == nil && !ok {
		err = access.Errorf(access.CodeInvalid, "sample: the archive has no %s", manifestName)
	}
	if err != nil {
		return out, err
	}
	m := &out.Manifest
	if err := strictjson.Unmarshal(b, m); err != nil {
		return out, access.Errorf(access.CodeInvalid, "sample: %s: %w", manifestName, err)
	}
	if m.Version != Version {
		return out, access.Errorf(access.CodeInvalid, "sample: its format is %q, and this Ramp reads %q", access.Clip(m.Version, 40), Version)
	}
	out.Choice = m.Choice
	if out.Log, err = servers.VerifyCheckpoint(m.Checkpoint); err != nil {
		out.Problems = append(out.Problems, err.Error())
	}
	if m.Ramp != version {
		out.Pages = fmt.Sprintf("the pages were written by Ramp %s, and were not compared with the packs; this is %s", access.Clip(m.Ramp, 40), version)
	}
	last, again := int64(-1), *m
	again.Requests = []Item{}
	for n, item := range m.Requests {
		progress(n, len(m.Requests))
		if item.Leaf <= last {
			out.Problems = append(out.Problems, fmt.Sprintf("request %s is out of order, or is there twice", access.Clip(item.ID, 40)))
		}
		last = item.Leaf
		var result Result
		var err error
		if item.Dropped != nil {
			result = Result{Item: Item{ID: item.ID, Leaf: item.Leaf, Asked: item.Asked, Contract: item.Contract, Dropped: item.Dropped}, Problem: m.checkDropped(item, out.Log, servers)}
		} else {
			result, err = a.request(item, m.Choice, out.Log, servers, workers, out.Pages == "")
		}
		if err != nil {
			return out, err
		}
		out.Requests, again.Requests = append(out.Requests, result), append(again.Requests, result.Item)
	}
	index, _, err := a.read(indexName)
	if err != nil {
		return out, err
	}
	if out.Pages == "" {
		made, err := indexPage(again)
		if err != nil {
			return out, err
		}
		if !bytes.Equal(index, made) {
			out.Problems = append(out.Problems, indexName+" says something else than the packs prove")
		}
	}
	for name := range a.files {
		if out.Pages == "" || name != indexName {
			out.Problems = append(out.Problems, fmt.Sprintf("the archive has a file that belongs to no sample: %q", access.Clip(name, 80)))
			break
		}
	}
	return out, nil
}

// request verifies the pack of one request.
func (a archive) request(item Item, choice Choice, log evidence.Checkpoint, servers, workers evidence.Keyring, compare bool) (Result, error) {
	out := Result{Item: Item{ID: item.ID, Leaf: item.Leaf, Asked: item.Asked, Requester: item.Requester, Contract: item.Contract}}
	b, there, err := a.read(PackName(item.ID))
	if err != nil {
		return out, err
	}
	page, _, err := a.read(PageName(item.ID))
	if err != nil {
		return out, err
	}
	if !there {
		out.Item.Problem = item.Problem
		out.Problem = "there is no pack: " + item.Problem
		return out, nil
	}
	pack, err := evidence.ReadPack(bytes.NewReader(b))
	if err != nil {
		out.Problem = err.Error()
		return out, nil
	}
	report := pack.Verify(servers, workers)
	out.Hold(b, report)
	switch {
	case !item.IsOf(pack):
		out.Problem = "the pack is of another request than the sample says"
	case !report.Proven():
		out.Problem = report.Summary
	case out.Digest != item.Digest:
		out.Problem = "the pack is not the one that was put into the sample"
	case !choice.Takes(pack.Events[0].Event) || item.Leaf >= log.Size:
		out.Problem = "the request is not one of those that were to be chosen"
	case compare:
		made, err := requestPage(out.Item, pack, report)
		if err != nil {
			return out, err
		}
		if !bytes.Equal(page, made) {
			out.Problem = "its page says something else than the pack proves"
		}
	}
	return out, nil
}
