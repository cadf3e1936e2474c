package main

import (
	"context"
	"maps"
	"slices"
	"time"
)

// measureThroughput runs whole lives as fast as they go.
func measureThroughput(ctx context.Context, b *bench) error {
	const n = 400
	rate, cost, lags := figures{}, figures{}, map[string][]time.Duration{}
	temporal, ledger := figures{}, figures{}
	inParts := map[string]figures{}
	return b.turns(b.installation.sides, func(s side) error {
		before, err := b.databases(ctx)
		if err != nil {
			return err
		}
		parts, err := b.beginParts(ctx)
		if err != nil {
			return err
		}
		cpu, began := b.cpu(), time.Now()
		approved, err := lives(ctx, s, n, fixed(b.life))
		if err != nil {
			return err
		}
		rate[s.name()] = n / time.Since(began).Seconds()
		time.Sleep(time.Second) // what is tidied up afterwards belongs to the cost, not to the time
		cost[s.name()] = (b.cpu() - cpu).Seconds() * 1000 / n
		lags[s.name()] = s.seen().sinceApproval(approved)
		if err := parts.end(ctx, s, n, inParts); err != nil {
			return err
		}
		after, err := b.databases(ctx)
		temporal[s.name()], ledger[s.name()] = (after.temporal-before.temporal)/1024/n, (after.ledger-before.ledger)/1024/n
		return err
	}, func() {
		b.table.add("lives", "1/s", rate)
		b.table.add("Temporal's database for one that has ended", "KiB", temporal)
		b.table.add("ledger for one that has ended", "KiB", ledger)
		b.table.add("CPU of one life, Temporal included", "ms", cost)
		b.table.addLags("approved to usable, under load", lags)
		for _, name := range slices.Sorted(maps.Keys(inParts)) {
			b.table.add("of one life: "+name, "", inParts[name])
		}
	})
}

// parts is what the parts of an installation on Postgres had done when lives began; nil
// where there is one process.
type parts struct {
	bench  *bench
	cpu    map[string]time.Duration
	served figures
}

func (b *bench) beginParts(ctx context.Context) (p *parts, err error) {
	at := b.installation.postgres
	if at == nil {
		return nil, nil
	}
	p = &parts{bench: b, cpu: cpuParts()}
	if b.statements != "" {
		if err := at.countStatements(ctx); err != nil {
			return nil, err
		}
	}
	p.served, err = at.served(ctx)
	return p, err
}

// end adds what n lives of a side took of each part.
func (p *parts) end(ctx context.Context, s side, n int, into map[string]figures) error {
	if p == nil {
		return nil
	}
	add := func(name string, v float64) {
		if into[name] == nil {
			into[name] = figures{}
		}
		into[name][s.name()] += v / float64(n)
	}
	for part, used := range cpuParts() {
		used -= p.cpu[part]
		switch part {
		case workersPart(s.name()):
			part = "its workers"
		case workersPart(bareSide), workersPart(rampSide), workersPart(apartSide):
			part = "workers of others, which wait"
		}
		add("CPU of "+part+", ms", used.Seconds()*1000)
	}
	served, err := p.bench.installation.postgres.served(ctx)
	if err != nil {
		return err
	}
	for name, count := range served {
		add(name, count-p.served[name])
	}
	if p.bench.statements == "" {
		return nil
	}
	return p.bench.installation.postgres.writeStatements(ctx, p.bench.statements, s.name(), n)
}
