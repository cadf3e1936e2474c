// Command year measures what the weekly review finds. It makes up a company and a year of
// its access to production (package company), reviews it week by week, and compares the
// findings with what was planted:
//
//	go run ./tools/year                    # what was found on seeds 2 to 10, by kind
//	go run ./tools/year -seeds 3 -o misses # and which findings were wrong, and what was missed
//	go run ./tools/year -choose 1          # how good other thresholds are on seed 1
//
// Thresholds are chosen on seed 1 and reported on others (docs/review.md).
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"ramp.dev/ramp/review"
	"ramp.dev/ramp/tools/year/company"
)

func main() {
	seeds := flag.String("seeds", "2..10", "the years that are measured: 3, or 2..10")
	choose := flag.Uint64("choose", 0, "try other thresholds on the year of this seed, each apart from the others")
	output := flag.String("o", "table", "table (as docs/review.md has it), or misses: with what was wrong and what was missed")
	flag.Parse()
	if err := run(os.Stdout, *seeds, *choose, *output); err != nil {
		fmt.Fprintln(os.Stderr, "year:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, seeds string, choose uint64, output string) error {
	if choose != 0 {
		return chosen(out, choose)
	}
	if output != "table" && output != "misses" {
		return fmt.Errorf("-o %s: table and misses are known", output)
	}
	list, err := parseSeeds(seeds)
	if err != nil {
		return err
	}
	total := scores{}
	for _, seed := range list {
		y, err := company.Make(seed, 1)
		if err != nil {
			return err
		}
		one := measure(y, review.DefaultThresholds())
		if output == "misses" {
			for _, kind := range kinds() {
				for _, line := range one[kind].lines {
					fmt.Fprintf(out, "seed %d: %s\n", seed, line)
				}
			}
		}
		total.add(one)
	}
	return total.print(out)
}

// parseSeeds reads "3" and "2..10".
func parseSeeds(text string) (out []uint64, err error) {
	first, last, several := strings.Cut(text, "..")
	if !several {
		last = first
	}
	from, err1 := strconv.ParseUint(first, 10, 32)
	to, err2 := strconv.ParseUint(last, 10, 32)
	if err1 != nil || err2 != nil || from == 0 || to < from || to-from > 999 {
		return nil, fmt.Errorf("-seeds %s: this must be a number from 1, or two as in 2..10", text)
	}
	for seed := from; seed <= to; seed++ {
		out = append(out, seed)
	}
	return out, nil
}

// print writes a row for each kind.
func (s scores) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintln(&b, "| kind | planted | found | recall | findings | of them right | precision |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|")
	var all score
	for _, kind := range kinds() {
		one := s[kind]
		fmt.Fprintf(&b, "| `%s` | %s\n", kind, one.row())
		all.planted, all.found, all.right, all.wrong = all.planted+one.planted, all.found+one.found, all.right+one.right, all.wrong+one.wrong
	}
	fmt.Fprintf(&b, "| all | %s\n", all.row())
	_, err := io.WriteString(out, b.String())
	return err
}

func (s score) row() string {
	return fmt.Sprintf("%d | %d | %.2f | %d | %d | %.2f |", s.planted, s.found, s.recall(), s.right+s.wrong, s.right, s.precision())
}

// kinds are all kinds of findings that something is planted for, by their names.
func kinds() []review.Kind {
	return slices.Sorted(slices.Values(company.Kinds()))
}
