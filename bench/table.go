package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"
)

// table is what the bench prints: a row for each figure.
type table struct {
	When    time.Time `json:"when"` // UTC
	Machine string    `json:"machine"`
	Form    string    `json:"form"`
	Rows    []*row    `json:"rows"`
}

// figures is what one round of one figure gave, by side.
type figures map[string]float64

// row is one figure over several rounds. A ratio is taken within each round, so
// that what disturbs a round disturbs all sides of it.
type row struct {
	Name string `json:"name"`
	Unit string `json:"unit"`
	Ramp spread `json:"ramp"`
	// Bare is the floor, Apart the one whose activities are on another worker's queue;
	// without values where it is not measured.
	Bare       spread `json:"bare"`
	Ratio      spread `json:"ratio"` // Ramp / bare
	Apart      spread `json:"apart"`
	ApartRatio spread `json:"apartRatio"` // Ramp / apart
}

// spread is what several rounds gave.
type spread struct {
	Values []float64 `json:"values"`
}

func (s spread) sorted() []float64 { return slices.Sorted(slices.Values(s.Values)) }

func (s spread) median() float64 {
	v := s.sorted()
	if len(v) == 0 {
		return 0
	}
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// String is the median, and the least and the most where there were several.
func (s spread) String() string {
	v := s.sorted()
	switch len(v) {
	case 0:
		return "-"
	case 1:
		return number(v[0])
	}
	return fmt.Sprintf("%s (%s … %s)", number(s.median()), number(v[0]), number(v[len(v)-1]))
}

func number(f float64) string {
	switch {
	case f >= 100:
		return fmt.Sprintf("%.0f", f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// MarshalJSON adds what a reader would otherwise compute.
func (s spread) MarshalJSON() ([]byte, error) {
	v := s.sorted()
	if len(v) == 0 {
		return []byte("null"), nil
	}
	return json.Marshal(map[string]any{"values": s.Values, "min": v[0], "median": s.median(), "max": v[len(v)-1]})
}

func newTable(form string) *table {
	return &table{When: time.Now().UTC(), Form: form,
		Machine: fmt.Sprintf("%d CPUs, %s/%s, %s", runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())}
}

// add notes one round of a figure.
func (t *table) add(name, unit string, f figures) {
	i := slices.IndexFunc(t.Rows, func(r *row) bool { return r.Name == name })
	if i < 0 {
		i = len(t.Rows)
		t.Rows = append(t.Rows, &row{Name: name, Unit: unit})
	}
	r := t.Rows[i]
	r.Ramp.Values = append(r.Ramp.Values, f[rampSide])
	for side, into := range map[string][2]*spread{bareSide: {&r.Bare, &r.Ratio}, apartSide: {&r.Apart, &r.ApartRatio}} {
		v, measured := f[side]
		if !measured {
			continue
		}
		into[0].Values = append(into[0].Values, v)
		if v > 0 {
			into[1].Values = append(into[1].Values, f[rampSide]/v)
		}
	}
}

// addLags notes the quantiles of one round of all sides.
func (t *table) addLags(name string, lags map[string][]time.Duration) {
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.5}, {"p99", 0.99}, {"max", 1}} {
		f := figures{}
		for side, of := range lags {
			f[side] = quantile(of, q.at)
		}
		t.add(name+" "+q.name, "ms", f)
	}
}

// quantile is in milliseconds: the least value that no more than 1-q exceed.
func quantile(d []time.Duration, q float64) float64 {
	if len(d) == 0 {
		return 0
	}
	v := slices.SortedFunc(slices.Values(d), cmp.Compare[time.Duration])
	i := min(int(q*float64(len(v))), len(v)-1)
	return float64(v[i]) / float64(time.Millisecond)
}

// print writes the table for people.
func (t *table) print(out io.Writer) error {
	fmt.Fprintf(out, "\n%s, %s, %s. Median of the rounds (least … most).\n\n", t.When.Format("2 Jan 2006 15:04 UTC"), t.Machine, t.Form)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tUNIT\tRAMP\tBARE\tRAMP / BARE\tAPART\tRAMP / APART")
	for _, r := range t.Rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.Unit, r.Ramp, r.Bare, r.Ratio, r.Apart, r.ApartRatio)
	}
	return w.Flush()
}
