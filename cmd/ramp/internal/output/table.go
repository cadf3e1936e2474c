package output

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	gap       = "  " // between two columns
	narrowest = 12   // characters that a column keeps, however narrow the terminal
	readable  = 28   // characters in which the last column, often a sentence, can still be read
)

// Table writes rows in columns. On a terminal that is too narrow for them, the last
// column is wrapped; where that leaves too little of it, the last columns go below the
// others. What people copy, such as a request's id, stays in one piece as long as it
// fits at all. A cell is one line, cleaned.
func Table(w io.Writer, rows [][]string) {
	fmt.Fprint(w, render(rows, Width(w)))
}

// render wraps to a width in characters; 0 wraps nothing.
func render(rows [][]string, width int) string {
	columns := widths(rows)
	last := len(columns) - 1
	if width == 0 || last < 1 || total(columns) <= width {
		return inColumns(rows, columns)
	}
	if room := width - total(columns[:last]) - len(gap); room >= min(columns[last], readable) {
		columns[last] = room
		return inColumns(rows, columns)
	}
	beside := last
	for beside > 1 && total(columns[:beside]) > width {
		beside--
	}
	if beside == 1 {
		return inColumns(rows, fit(columns, width))
	}
	return lastBelow(rows, columns[:beside], width)
}

// lastBelow writes the cells of each row that have no column below the others, each on
// lines of its own.
func lastBelow(rows [][]string, columns []int, width int) string {
	var b strings.Builder
	beside := make([][]string, len(rows))
	for i, r := range rows {
		beside[i] = r[:min(len(r), len(columns))]
	}
	for i, lines := range rowsInColumns(beside, columns) {
		b.WriteString(lines)
		for _, cell := range rows[i][len(beside[i]):] {
			for line := range strings.Lines(text.WrapSoft(Clean(cell), max(width-len(gap), narrowest))) {
				b.WriteString(gap + strings.TrimRight(line, " \n") + "\n")
			}
		}
	}
	return b.String()
}

func inColumns(rows [][]string, columns []int) string {
	return strings.Join(rowsInColumns(rows, columns), "")
}

// rowsInColumns renders each row, in one line or several.
func rowsInColumns(rows [][]string, columns []int) (out []string) {
	for _, r := range rows {
		t := table.NewWriter()
		t.SetStyle(table.Style{Box: table.BoxStyle{PaddingRight: gap}})
		cells := make(table.Row, len(r))
		for i, cell := range r {
			cells[i] = Clean(cell)
		}
		t.AppendRow(cells)
		var limits []table.ColumnConfig
		for i, n := range columns {
			limits = append(limits, table.ColumnConfig{Number: i + 1, WidthMin: n, WidthMax: n, WidthMaxEnforcer: text.WrapSoft})
		}
		t.SetColumnConfigs(limits)
		var b strings.Builder
		for line := range strings.Lines(t.Render()) {
			b.WriteString(strings.TrimRight(line, " \n") + "\n")
		}
		out = append(out, b.String())
	}
	return out
}

// total is how many characters a row of these columns takes.
func total(columns []int) int {
	n := max(0, len(columns)-1) * len(gap)
	for _, c := range columns {
		n += c
	}
	return n
}

// widths returns how many characters each column needs.
func widths(rows [][]string) (out []int) {
	for _, r := range rows {
		for i, cell := range r {
			if i == len(out) {
				out = append(out, 0)
			}
			out[i] = max(out[i], text.LongestLineLen(Clean(cell)))
		}
	}
	return out
}

// fit takes from the widest columns until all fit into width.
func fit(columns []int, width int) []int {
	columns = slices.Clone(columns)
	for total(columns) > width {
		widest := 0
		for i, n := range columns {
			if n > columns[widest] {
				widest = i
			}
		}
		if len(columns) == 0 || columns[widest] <= narrowest {
			break
		}
		columns[widest]--
	}
	return columns
}
