package main

import (
	"fmt"
	"io"
	"strings"
)

// goal is what a figure must be, and should be. starts and ends are of its row's name.
type goal struct {
	starts, ends string
	of           measure
	must, aim    float64
}

// measure is what of a row a goal is about.
type measure int

const (
	toBare   measure = iota // the ratio, Ramp / bare; less is better
	rate                    // the same ratio, of which more is better; its aim is Ramp / apart
	absolute                // Ramp's own figure
	inSeconds
)

// goals are in the order of docs/bench.md.
func goals() []goal {
	return []goal{
		{"lives", "", rate, 0.80, 0.95},
		{"CPU of one life", "", toBare, 1.45, 1.25},
		{"approved to usable, idle", "p50", toBare, 1.15, 1.0},
		{"approved to usable, idle", "p99", toBare, 1.8, 1.3},
		{"500 expire at once", "p99", toBare, 0.6, 0.3},
		{"5,000 expire over a minute", "p99", inSeconds, 2, 0.5},
		{"", "after the start: last gone", absolute, 6, 3},
		{"each of", "sleeping: memory", toBare, 1.5, 1.3},
		{"each of", "Temporal's database", toBare, 1.25, 1.1},
		{"", "sleeping: CPU of the process", toBare, 1.8, 1.2},
		{"history of one request", "one request", absolute, 29, 26},
		{"history of one request, size", "", absolute, 8700, 5600},
		{"billable actions", "", absolute, 7.7, 6.6},
	}
}

func (g goal) matches(r *row) bool {
	return strings.HasPrefix(r.Name, g.starts) && strings.HasSuffix(r.Name, g.ends)
}

// figure is the value that the goal is about.
func (g goal) figure(r *row) float64 {
	switch g.of {
	case absolute:
		return r.Ramp.median()
	case inSeconds:
		return r.Ramp.median() / 1000
	}
	return r.Ratio.median()
}

// missed says in a word how a figure stands.
func (g goal) missed(r *row) string {
	v := g.figure(r)
	switch {
	case g.of == rate && v < g.must, g.of != rate && v > g.must:
		return "**missed**"
	case g.of == rate && r.ApartRatio.median() >= g.aim, g.of != rate && v <= g.aim:
		return "aim"
	}
	return "must"
}

// markdown writes the rows that have a goal, as docs/bench.md has them.
func (t *table) markdown(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %s. Median of the rounds (least … most).\n\n", t.When.Format("2 January 2006, 15:04 UTC"), t.Machine, t.Form)
	b.WriteString("| figure | Ramp | Ramp / bare | Ramp / apart | must | aim | |\n|---|---|---|---|---|---|---|\n")
	for _, g := range goals() {
		for _, r := range t.Rows {
			if !g.matches(r) {
				continue
			}
			must, aim := number(g.must), number(g.aim)
			switch g.of {
			case rate:
				aim += ", against apart"
			case absolute:
				must, aim = must+" "+r.Unit, aim+" "+r.Unit
			case inSeconds:
				must, aim = must+" s", aim+" s"
			}
			fmt.Fprintf(&b, "| %s | %s %s | %s | %s | %s | %s | %s |\n", r.Name, r.Ramp, r.Unit, r.Ratio, r.ApartRatio, must, aim, g.missed(r))
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}
