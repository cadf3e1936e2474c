package company

import (
	"math"
	"math/rand/v2"
	"time"
)

// dice draws what is left to chance. Each purpose has its own stream of a seed, so that
// one more draw for one purpose leaves all others as they were.
type dice struct{ *rand.Rand }

func newDice(seed, stream uint64) dice {
	return dice{rand.New(rand.NewPCG(seed, stream))} // #nosec G404 -- the same seed must make the same year
}

// chance is true in p of all draws.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// within draws from [least, most).
func (d dice) within(least, most float64) float64 { return least + d.Float64()*(most-least) }

// number draws from least to most, both included.
func (d dice) number(least, most int) int { return least + d.IntN(most-least+1) }

// around draws a length whose median is given, and whose logarithm varies by sigma: most
// are near the median, and some much longer.
func (d dice) around(median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*d.NormFloat64()))
}

// span draws a length from [least, most).
func (d dice) span(least, most time.Duration) time.Duration {
	return least + time.Duration(d.Int64N(int64(most-least)))
}

// count draws how often something happens that happens so often on average (Poisson).
func (d dice) count(average float64) (n int) {
	for p, limit := d.Float64(), math.Exp(-average); p > limit; n++ {
		p *= d.Float64()
	}
	return n
}

// one draws one of a list.
func one[T any](d dice, list []T) T { return list[d.IntN(len(list))] }

// weighed draws a place in a list of weights, which must not all be zero.
func (d dice) weighed(weights []float64) int {
	sum := 0.0
	for _, w := range weights {
		sum += w
	}
	at := d.Float64() * sum
	for i, w := range weights {
		if at -= w; at < 0 {
			return i
		}
	}
	return len(weights) - 1
}
