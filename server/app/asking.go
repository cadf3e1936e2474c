package app

import (
	"context"
	"slices"
	"sync"
	"time"

	"ramp.dev/ramp/access"
)

// asking asks sources about many things during one look: about each once, and about few
// at a time.
type asking struct {
	facts Facts
	now   clock

	known map[access.FactQuestion]access.Fact
}

const (
	// askAtOnce is how many questions one source has at a time.
	askAtOnce = 32
	// askAgain is how old a reply may be that counts for one more request of the same look.
	askAgain = access.FactWithin / 2
	// sourceHangs is how long a source lets all of askAtOnce wait of which nothing is expected
	// for the rest of a look: each would wait as long.
	sourceHangs = 4 * time.Second
)

// ask returns a fact for each question, each once.
func (a *asking) ask(ctx context.Context, questions []access.FactQuestion) (out []access.Fact) {
	if a.known == nil {
		a.known = map[access.FactQuestion]access.Fact{}
	}
	began := a.now()
	var all []access.FactQuestion
	due := map[string][]access.FactQuestion{} // by source
	seen := map[access.FactQuestion]bool{}
	for _, q := range questions {
		if seen[q] {
			continue
		}
		seen[q], all = true, append(all, q)
		if f, there := a.known[q]; !there || began.Sub(f.At) > askAgain {
			due[q.Source] = append(due[q.Source], q)
		}
	}
	var mu sync.Mutex
	var sources sync.WaitGroup
	for _, of := range due {
		sources.Go(func() {
			for _, f := range a.source(ctx, of) {
				mu.Lock()
				a.known[f.FactQuestion] = f
				mu.Unlock()
			}
		})
	}
	sources.Wait()
	for _, q := range all {
		out = append(out, a.known[q])
	}
	return out
}

// source asks one source. The nearest to each other in the list share a batch, so that
// one question that hangs keeps no others but these waiting.
func (a *asking) source(ctx context.Context, questions []access.FactQuestion) (out []access.Fact) {
	hangs := false
	for batch := range slices.Chunk(questions, askAtOnce) {
		began := a.now()
		var replies []access.Fact
		if !hangs {
			replies = a.facts.Ask(ctx, batch...)
		}
		knows := false
		for _, q := range batch {
			f := access.Fact{FactQuestion: q, State: access.FactUnknown, At: began, Why: q.Source + " does not respond"}
			if reply := access.FindFact(replies, q); reply != nil {
				f = *reply
			}
			knows = knows || f.State != access.FactUnknown
			out = append(out, f)
		}
		hangs = hangs || !knows && a.now().Sub(began) >= sourceHangs
	}
	return out
}
