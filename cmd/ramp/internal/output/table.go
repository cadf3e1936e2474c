package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

const (
	gap       = "  " // between two columns
	narrowest = 12   // characters that a column keeps, however narrow the terminal
)

// Table writes rows in columns. On a terminal that is too narrow for them, the
// widest columns are wrapped. A cell is one line, cleaned.
func Table(w io.Writer, rows [][]string) {
	fmt.Fprint(w, render(rows, Width(w)))
}

// render wraps to a width in characters; 0 wraps nothing.
func render(rows [][]string, width int) string {
	t := table.NewWriter()
	t.SetStyle(table.Style{Box: table.BoxStyle{PaddingRight: gap}})
	for _, r := range rows {
		cells := make(table.Row, len(r))
		for i, cell := range r {
			cells[i] = Clean(cell)
		}
		t.AppendRow(cells)
	}
	var limits []table.ColumnConfig
	for i, n := range fit(widths(rows), width) {
		limits = append(limits, table.ColumnConfig{Number: i + 1, WidthMax: n, WidthMaxEnforcer: text.WrapSoft})
	}
	t.SetColumnConfigs(limits)
	var b strings.Builder
	for line := range strings.Lines(t.Render()) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
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
	if width == 0 {
		return columns
	}
	total := len(gap) * len(columns)
	for _, n := range columns {
		total += n
	}
	for total > width {
		widest := 0
		for i, n := range columns {
			if n > columns[widest] {
				widest = i
			}
		}
		if len(columns) == 0 || columns[widest] <= narrowest {
			return columns
		}
		columns[widest]--
		total--
	}
	return columns
}
