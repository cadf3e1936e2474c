package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/tools/year/company"
)

// searches are how long searches took, by their names.
type searches map[string][]time.Duration

// filter is what one filter of a search is set to, at random.
type filter[F any] struct {
	name string
	set  func(*F)
}

// searchesOfEach is how often each combination of filters is searched for.
const searchesOfEach = 40

// searchRecord searches the record as auditors do, by each combination of the filters that
// there are, the first two pages each time.
func (b *bench) searchRecord(ctx context.Context, l *ledger.Ledger) error {
	y, err := company.Make(1, 0.1)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 1)) // #nosec G404 -- the same searches each time
	one := func() (i int) { return r.IntN(len(y.Requests)) }
	since := func() time.Time { return y.From.Add(time.Duration(r.Int64N(int64(340 * 24 * time.Hour)))) }
	during := func() time.Duration {
		return []time.Duration{time.Hour, 24 * time.Hour, 20 * 24 * time.Hour}[r.IntN(3)]
	}
	kinds := []access.EventKind{access.EventGrantOpened, access.EventRequestDenied, access.EventGlassBroken, access.EventGrantDrifted, access.EventAccessOverdue, access.EventSessionStarted}
	outcomes := []string{string(access.OutcomeExpired), string(access.OutcomeRevoked), string(access.StateDenied), string(access.StateLapsed), string(access.StateActive)}
	took := searches{}
	err = each(took, "search events", []filter[ledger.EventSearch]{
		{"person", func(f *ledger.EventSearch) { f.Actor = y.Requests[one()].Requester.ID }},
		{"program", func(f *ledger.EventSearch) { f.Actor = access.ActorRamp }},
		{"nobody", func(f *ledger.EventSearch) { f.Actor = "nobody" }},
		{"kind", func(f *ledger.EventSearch) { f.Kind = kinds[r.IntN(len(kinds))] }},
		{"request", func(f *ledger.EventSearch) { f.Request = y.Requests[one()].ID }},
		{"time", func(f *ledger.EventSearch) { f.Since = since(); f.Until = f.Since.Add(during()) }},
	}, func(f ledger.EventSearch, page func() func()) error {
		for range 2 {
			done := page()
			_, next, err := l.SearchEvents(ctx, f)
			done()
			if f.Cursor = next; err != nil || next == "" {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	err = each(took, "search requests", []filter[ledger.RequestSearch]{
		{"person", func(f *ledger.RequestSearch) { f.Person = y.Requests[one()].Requester.ID }},
		{"contract", func(f *ledger.RequestSearch) { f.Contract = y.Requests[one()].Contract }},
		{"target", func(f *ledger.RequestSearch) { f.Target = y.Requests[one()].Targets[0] }},
		{"outcome", func(f *ledger.RequestSearch) { f.Outcome = outcomes[r.IntN(len(outcomes))] }},
		{"time", func(f *ledger.RequestSearch) { f.Since = since(); f.Until = f.Since.Add(during()) }},
	}, func(f ledger.RequestSearch, page func() func()) error {
		for range 2 {
			done := page()
			_, next, err := l.SearchRequests(ctx, f)
			done()
			if f.Cursor = next; err != nil || next == "" {
				return err
			}
		}
		return nil
	})
	for _, name := range slices.Sorted(maps.Keys(took)) {
		b.table.addLags(name, map[string][]time.Duration{rampSide: took[name]})
	}
	return err
}

// each searches by every combination of filters, and notes in took how long each page took,
// under the combination's name and under that of all.
func each[F any](took searches, all string, filters []filter[F], search func(f F, page func() (done func())) error) error {
	for set := range 1 << len(filters) {
		var by []string
		for i, f := range filters {
			if set>>i&1 == 1 {
				by = append(by, f.name)
			}
		}
		if slices.Contains(by, "person") && slices.Contains(by, "program") || slices.Contains(by, "nobody") && (slices.Contains(by, "person") || slices.Contains(by, "program")) {
			continue // these are one filter
		}
		name := fmt.Sprintf("%s by %s", all, strings.Join(by, ", "))
		if len(by) == 0 {
			name = all + " by nothing"
		}
		for range searchesOfEach {
			var f F
			for i, one := range filters {
				if set>>i&1 == 1 {
					one.set(&f)
				}
			}
			err := search(f, func() func() {
				began := time.Now()
				return func() {
					since := time.Since(began)
					took[name], took[all] = append(took[name], since), append(took[all], since)
				}
			})
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}
