package main

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/cmd/ramp/internal/output"
)

// The width of help: that of the terminal up to what is still easy to read, and of a usual
// terminal where there is none.
const (
	usualWidth = 80
	mostWidth  = 100
)

// fitHelp lets every command's help fit the terminal: lines that are broken at one width break
// again on a terminal that is narrower.
func fitHelp(root *cobra.Command) {
	cobra.AddTemplateFunc("helpWidth", func(c *cobra.Command) int {
		if w := output.Width(c.OutOrStdout()); w > 0 {
			return min(w, mostWidth)
		}
		return usualWidth
	})
	cobra.AddTemplateFunc("flow", flow)
	root.SetHelpTemplate(strings.Replace(root.HelpTemplate(), "{{. | trimTrailingWhitespaces}}", "{{flow (helpWidth $) .}}", 1))
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", "Flags.FlagUsagesWrapped (helpWidth .) "))
}

// oneWord is what stays on one line: a word, or a command in backquotes.
var oneWord = regexp.MustCompile("[^\\s`]*`[^`]*`\\S*|\\S+")

// flow breaks the lines of each paragraph of a text anew. Lines that are indented stay.
func flow(width int, text string) string {
	var out, words []string
	end := func() {
		line := ""
		for _, w := range words {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width {
				out, line = append(out, line), ""
			}
			line = strings.TrimPrefix(line+" "+w, " ")
		}
		if words = nil; line != "" {
			out = append(out, line)
		}
	}
	for _, line := range strings.Split(strings.TrimRight(text, " \n"), "\n") {
		if line == "" || strings.HasPrefix(line, " ") {
			end()
			out = append(out, line)
			continue
		}
		words = append(words, oneWord.FindAllString(line, -1)...)
	}
	end()
	return strings.Join(out, "\n")
}
