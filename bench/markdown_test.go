package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMarkdown: the table says which figures are missed, and takes a ratio where more is
// better for what it is.
func TestMarkdown(t *testing.T) {
	table := newTable("short form")
	for _, lives := range []float64{20, 30, 40} {
		table.add("lives", "1/s", figures{rampSide: lives, bareSide: 50, apartSide: 40})
	}
	table.add("CPU of one life, Temporal included", "ms", figures{rampSide: 50, bareSide: 40, apartSide: 45})
	table.add("history of one request", "events", figures{rampSide: 28, bareSide: 25})
	table.add("history of one request, size", "bytes", figures{rampSide: 9000, bareSide: 2500})
	table.add("5,000 expire over a minute, gone after p99", "ms", figures{rampSide: 400, bareSide: 900})
	var b strings.Builder
	require.NoError(t, table.markdown(&b))
	require.Contains(t, b.String(), "| lives | 30.0 (20.0 … 40.0) 1/s | 0.60 (0.40 … 0.80) | 0.75 (0.50 … 1.00) | 0.80 | 0.95, against apart | **missed** |\n")
	require.Contains(t, b.String(), "| CPU of one life, Temporal included | 50.0 ms | 1.25 | 1.11 | 1.45 | 1.25 | aim |\n")
	require.Contains(t, b.String(), "| history of one request | 28.0 events | 1.12 | - | 29.0 events | 26.0 events | must |\n")
	require.Contains(t, b.String(), "bytes | **missed** |\n")
	require.Contains(t, b.String(), "| 5,000 expire over a minute, gone after p99 | 400 ms | 0.44 | - | 2.00 s | 0.50 s | aim |\n")
}
