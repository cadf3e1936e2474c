package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
	"ramp.dev/ramp/tools/year/company"
)

// choice is one threshold, with the values that are tried for it and the kind that it
// decides.
type choice struct {
	name   string
	kind   review.Kind
	values []float64
	set    func(*review.Thresholds, float64)
}

func choices() []choice {
	number := func(of func(*review.Thresholds) *int) func(*review.Thresholds, float64) {
		return func(t *review.Thresholds, v float64) { *of(t) = int(v) }
	}
	fraction := func(of func(*review.Thresholds) *float64) func(*review.Thresholds, float64) {
		return func(t *review.Thresholds, v float64) { *of(t) = v }
	}
	return []choice{
		{"neverUsed", review.NeverUsed, []float64{2, 3, 4, 5}, number(func(t *review.Thresholds) *int { return &t.NeverUsed })},
		{"littleUsed", review.LittleUsed, []float64{0.03, 0.05, 0.08, 0.1, 0.15, 0.2}, fraction(func(t *review.Thresholds) *float64 { return &t.LittleUsed })},
		{"littleLeast", review.LittleUsed, []float64{3, 4, 5, 6, 8}, number(func(t *review.Thresholds) *int { return &t.LittleLeast })},
		{"heldLong", review.HeldLong, []float64{0.15, 0.2, 0.25, 0.3, 0.35, 0.45}, fraction(func(t *review.Thresholds) *float64 { return &t.HeldLong })},
		{"fast (seconds)", review.FastApproval, []float64{6, 8, 10, 15, 20}, func(t *review.Thresholds, v float64) { t.Fast = access.Duration(time.Duration(v) * time.Second) }},
		{"fastLeast", review.FastApproval, []float64{3, 4, 5, 6, 8}, number(func(t *review.Thresholds) *int { return &t.FastLeast })},
		{"fastShare", review.FastApproval, []float64{0.2, 0.3, 0.5, 0.7}, fraction(func(t *review.Thresholds) *float64 { return &t.FastShare })},
		{"approverShare", review.OneApprover, []float64{0.7, 0.75, 0.8, 0.85, 0.9, 0.95}, fraction(func(t *review.Thresholds) *float64 { return &t.ApproverShare })},
		{"approverLeast", review.OneApprover, []float64{8, 10, 12, 15, 20}, number(func(t *review.Thresholds) *int { return &t.ApproverLeast })},
		{"pairLeast", review.ApprovalPair, []float64{3, 4, 5, 6}, number(func(t *review.Thresholds) *int { return &t.PairLeast })},
		{"pairShare", review.ApprovalPair, []float64{0.3, 0.4, 0.5, 0.6, 0.7}, fraction(func(t *review.Thresholds) *float64 { return &t.PairShare })},
		{"offHours", review.OffHours, []float64{0.0005, 0.001, 0.005, 0.01, 0.02, 0.04}, fraction(func(t *review.Thresholds) *float64 { return &t.OffHours })},
		{"historyLeast", review.FirstTime, []float64{5, 10, 20, 40}, number(func(t *review.Thresholds) *int { return &t.HistoryLeast })},
		{"unusualTimes", review.Unusual, []float64{2, 2.5, 3, 4, 5}, fraction(func(t *review.Thresholds) *float64 { return &t.UnusualTimes })},
		{"unusualLeast", review.Unusual, []float64{5, 8, 10, 12, 15}, number(func(t *review.Thresholds) *int { return &t.UnusualLeast })},
		{"copiedLeast", review.CopiedReason, []float64{3, 4, 5, 6}, number(func(t *review.Thresholds) *int { return &t.CopiedLeast })},
		{"denialsLeast", review.Denials, []float64{2, 3, 4}, number(func(t *review.Thresholds) *int { return &t.DenialsLeast })},
		{"refusedLeast", review.Refusals, []float64{5, 8, 10, 12}, number(func(t *review.Thresholds) *int { return &t.RefusedLeast })},
		{"lapsedLeast", review.ApproversIdle, []float64{3, 4, 6}, number(func(t *review.Thresholds) *int { return &t.LapsedLeast })},
		{"lapsedShare", review.ApproversIdle, []float64{0.15, 0.2, 0.25, 0.3, 0.4}, fraction(func(t *review.Thresholds) *float64 { return &t.LapsedShare })},
		{"useLeast", review.MaxTooLong, []float64{20, 30, 50, 80}, number(func(t *review.Thresholds) *int { return &t.UseLeast })},
		{"useLeast", review.GroupIdle, []float64{20, 30, 50, 80}, number(func(t *review.Thresholds) *int { return &t.UseLeast })},
		{"maxOver", review.MaxTooLong, []float64{1.5, 2, 3, 4}, fraction(func(t *review.Thresholds) *float64 { return &t.MaxOver })},
		{"maxOver", review.AutoUncapped, []float64{1.5, 2, 3, 4}, fraction(func(t *review.Thresholds) *float64 { return &t.MaxOver })},
	}
}

// chosen prints how good each value of each threshold is on one year, all others being the
// default ones.
func chosen(out io.Writer, seed uint64) error {
	y, err := company.Make(seed, 1)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintln(&b, "| threshold | kind | value | found | planted | recall | right | wrong | precision | F1 |")
	fmt.Fprintln(&b, "|---|---|---|---|---|---|---|---|---|---|")
	for _, c := range choices() {
		for _, v := range c.values {
			t := review.DefaultThresholds()
			c.set(&t, v)
			s := measure(y, t)[c.kind]
			p, r := s.precision(), s.recall()
			fmt.Fprintf(&b, "| %s | %s | %g | %d | %d | %.2f | %d | %d | %.2f | %.2f |\n", c.name, c.kind, v, s.found, s.planted, r, s.right, s.wrong, p, 2*p*r/max(p+r, 0.001))
		}
	}
	_, err = io.WriteString(out, b.String())
	return err
}
