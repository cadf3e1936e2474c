package evidence

import (
	"bytes"
	"context"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
)

// readLeaf is a leaf as it was read.
type readLeaf struct {
	hash    tlog.Hash
	event   access.Event // not set where nobody asks for it, and it is whole and tells of no removal
	dropped bool         // the body is missing
}

// tellsOfRemoval is in every leaf that tells of bodies that were dropped.
var tellsOfRemoval = []byte(",14:" + access.EventBodiesDropped + ",")

// leafPage is one page of a log's leaves, and after them why there are no more.
type leafPage struct {
	from, to int64
	leaves   []readLeaf
	err      error
}

// pagesAhead is how many pages are read beside each other: a log that is far away takes
// longer to respond than to read a page, and one that is near is read by several processors.
const pagesAhead = 4

// readAhead reads the leaves of a log from one place to another, and hashes them, several
// pages at a time, each the whole of a tile of events. The pages come in their order.
// Nothing is read once stop has returned.
func readAhead(ctx context.Context, r LogReader, from, to int64, parse bool) (pages <-chan chan leafPage, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out := make(chan chan leafPage, pagesAhead-1)
	var reading sync.WaitGroup
	reading.Go(func() {
		defer close(out)
		for from < to {
			p := leafPage{from: from, to: min(to, (from>>TileHeight+1)<<TileHeight)}
			done := make(chan leafPage, 1)
			select {
			case out <- done:
			case <-ctx.Done():
				return
			}
			reading.Go(func() { p.read(ctx, r, parse); done <- p })
			from = p.to
		}
	})
	return out, func() { cancel(); reading.Wait() }
}

// read reads a page. Errors are those of the reader, and CodeEvidence for a leaf that is
// missing or is no event.
func (p *leafPage) read(ctx context.Context, r LogReader, parse bool) {
	leaves, err := r.Leaves(ctx, p.from, p.to)
	if p.err = err; err != nil {
		return
	}
	if missing := p.to - p.from - int64(len(leaves)); missing != 0 {
		p.err = access.Errorf(access.CodeEvidence, "%d of the events %d to %d are missing", missing, p.from+1, p.to)
		return
	}
	p.leaves = make([]readLeaf, len(leaves))
	for i, leaf := range leaves {
		one := readLeaf{hash: leaf.record(), event: leaf.Event, dropped: leaf.Bytes == nil}
		if !one.dropped && (parse || bytes.Contains(leaf.Bytes, tellsOfRemoval)) {
			if one.event, err = access.ParseLeaf(leaf.Bytes); err != nil {
				p.leaves, p.err = p.leaves[:i], access.Errorf(access.CodeEvidence, "event %d is damaged", p.from+int64(i)+1)
				return
			}
		}
		p.leaves[i] = one
	}
}
