package notices

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// table is figures in a letter: what a page would draw as a chart. Mail programs show no SVG,
// and a screen reader reads a table.
type table struct {
	Title, Says string
	Head        []string
	Rows        [][]cell
	Narrow      bool // it has many columns of short figures
}

// cell is one of a table. The first of a row names the row.
type cell struct {
	Text, Link string
	Heat       int // from 0 to 4, how much of the most it is
}

// text writes a table with blanks between its columns.
func (t table) text(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s\n", t.Title)
	if t.Says != "" {
		fmt.Fprintf(b, "%s\n", t.Says)
	}
	var lined strings.Builder
	w := tabwriter.NewWriter(&lined, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "  %s\n", strings.Join(t.Head, "\t"))
	for _, row := range t.Rows {
		var texts []string
		for _, c := range row {
			texts = append(texts, c.Text)
		}
		fmt.Fprintf(w, "  %s\n", strings.Join(texts, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	for i, line := range strings.Split(strings.TrimSuffix(lined.String(), "\n"), "\n") {
		fmt.Fprintln(b, strings.TrimRight(line, " "))
		if i > 0 && t.Rows[i-1][0].Link != "" {
			fmt.Fprintf(b, "    %s\n", t.Rows[i-1][0].Link)
		}
	}
}
