package evidence

import "context"

// leafPage is one page of a log's leaves, or why it could not be read.
type leafPage struct {
	from, to int64
	leaves   [][]byte
	err      error
}

// readAhead reads the first size leaves of a log, in order and one page at a time, while
// those before are being verified: reading takes about as long as verifying, and each would
// wait for the other. Nothing is read once stop has returned. After a page with an error
// there is none.
func readAhead(ctx context.Context, r LogReader, size int64) (pages <-chan leafPage, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	out, ended := make(chan leafPage, 2), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(out)
		for from := int64(0); from < size && ctx.Err() == nil; {
			p := leafPage{from: from, to: min(size, (from>>TileHeight+1)<<TileHeight)}
			p.leaves, p.err = r.Leaves(ctx, p.from, p.to)
			select {
			case out <- p:
			case <-ctx.Done():
				return
			}
			if from = p.to; p.err != nil {
				return
			}
		}
	}()
	return out, func() { cancel(); <-ended }
}
