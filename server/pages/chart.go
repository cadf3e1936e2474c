package pages

import (
	"math"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
)

// chart is a picture made of figures, drawn on the server as SVG. Colours are the style
// sheet's, by class: the content security policy refuses styles in the page, and so the page
// has light, dark and print from the same drawing. The same figures are in a table, for those
// who cannot see it.
type chart struct {
	ID, Title, Says string
	Height          px
	Shapes          []shape
	Texts           []text
	Legend          []legend
	Head            []string
	Requests        string  // the path of a request's page, without its id
	Rows            [][]any // cells of the table: texts, numbers, times and lengths; the first of a row names it
}

// chartWidth is how wide each chart is, in units of its own: the style sheet scales it.
const chartWidth px = 760

// px is a length in a chart.
type px float64

// String writes a length without digits that nobody sees.
func (p px) String() string { return strconv.FormatFloat(math.Round(float64(p)*10)/10, 'f', -1, 64) }

// shape is a rectangle; lines are thin ones.
type shape struct {
	X, Y, W, H px
	Class      string
	Tip        string // shown under the pointer
}

// text is a label at a point, "start", "middle" or "end" of which is there.
type text struct {
	X, Y  px
	At    string
	Class string
	Text  string
}

type legend struct{ Class, Name string }

func (c *chart) add(x, y, w, h px, class, tip string) {
	c.Shapes = append(c.Shapes, shape{x, y, w, h, class, tip})
}

func (c *chart) write(x, y px, at, class, words string) {
	c.Texts = append(c.Texts, text{x, y, at, class, words})
}

// steps returns at which numbers an axis from 0 to most has lines: whole numbers that people
// count in, and at most six of them.
func steps(most int) []int {
	for unit := 1; ; unit *= 10 {
		for _, step := range []int{unit, 2 * unit, 5 * unit} {
			if most <= 5*step {
				var out []int
				for n := 0; ; n += step {
					out = append(out, n)
					if n >= most {
						return out
					}
				}
			}
		}
	}
}

// lengthSteps are the lines of an axis of lengths, on which each is some times the one before.
var lengthSteps = []struct {
	length time.Duration
	name   string
}{{time.Second, "1 s"}, {10 * time.Second, "10 s"}, {time.Minute, "1 min"}, {10 * time.Minute, "10 min"}, {time.Hour, "1 h"},
	{6 * time.Hour, "6 h"}, {24 * time.Hour, "1 day"}, {7 * 24 * time.Hour, "1 week"}, {35 * 24 * time.Hour, "5 weeks"}, {366 * 24 * time.Hour, "1 year"}}

// along returns which part of an axis between two lengths a length is at, on a logarithmic
// scale: what took seconds and what took days are both to be seen.
func along(d, from, to time.Duration) float64 {
	d = min(max(d, from), to)
	return math.Log(float64(d)/float64(from)) / math.Log(float64(to)/float64(from))
}

// columnWidth is how wide a column is of so many on an axis.
func columnWidth(axis px, columns int) px { return min(axis/px(max(columns, 1)), 130) }

// hours writes hours of access as people read them.
func hours(h float64) string {
	switch {
	case h == 0:
		return ""
	case h < 100:
		return strconv.FormatFloat(h, 'f', 1, 64)
	}
	return strconv.FormatFloat(h, 'f', 0, 64)
}

// inWords returns a length to the second, from two minutes on to the minute, and from a day on
// to the hour.
func inWords(d access.Duration) string {
	unit := time.Second
	switch {
	case d > 0 && d.Std() < time.Second:
		return "less than a second"
	case d.Std() >= 24*time.Hour:
		unit = time.Hour
	case d.Std() >= 2*time.Minute:
		unit = time.Minute
	}
	return words(access.Duration(d.Std().Round(unit)))
}
