package review

import (
	"math"
	"slices"
	"time"

	"ramp.dev/ramp/access"
)

// quantile returns the smallest value that at least the part q of all values do not
// exceed (nearest rank); 0 of none. It sorts the values.
func quantile[T int64 | float64](values []T, q float64) T {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	rank := int(math.Ceil(q * float64(len(values))))
	return values[min(max(rank-1, 0), len(values)-1)]
}

// lengths are lengths of time of which quantiles are wanted, in seconds.
type lengths []int64

func (l *lengths) add(d time.Duration) { *l = append(*l, int64(max(d, 0)/time.Second)) }

// quantile is quantile of lengths.
func (l lengths) quantile(q float64) access.Duration {
	return access.Duration(time.Duration(quantile([]int64(l), q)) * time.Second)
}

// from returns the part of lengths that are at least d; 0 of none.
func (l lengths) from(d time.Duration) float64 {
	n := 0
	for _, seconds := range l {
		if seconds >= int64(d/time.Second) {
			n++
		}
	}
	return float64(n) / float64(max(len(l), 1))
}

// spread returns the quantiles that reports show.
func (l lengths) spread() Spread {
	return Spread{Count: len(l), Median: l.quantile(0.5), P90: l.quantile(0.9), Most: l.quantile(1)}
}

// round leaves two places, so that reports and their tests show no noise.
func round(x float64) float64 { return math.Round(x*100) / 100 }

// percent writes a part as a percentage.
func percent(part float64) int { return int(math.Round(part * 100)) }
