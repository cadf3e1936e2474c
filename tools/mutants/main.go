// Command mutants removes Ramp's defences one at a time and runs the tests that
// should miss them:
//
//	go run ./tools/mutants            # all, and writes docs/mutants.md
//	go run ./tools/mutants -run digest
//
// The sources are not touched: each mutant is an overlay of the build. A mutant
// that no test kills, or whose source has changed, is a failure.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

func main() {
	only := flag.String("run", "", "only the mutants whose names match this expression")
	out := flag.String("out", filepath.Join("docs", "mutants.md"), "where the table goes, when all are run")
	flag.Parse()
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants: -run:", err)
		os.Exit(2)
	}
	rows, alive := []string{}, 0
	for _, m := range mutants() {
		if !pattern.MatchString(m.name) {
			continue
		}
		began := time.Now()
		killer, err := m.run()
		verdict := killer
		if err != nil {
			alive++
			verdict = "**alive**: " + err.Error()
		}
		fmt.Printf("%-70s %s (%s)\n", m.name, verdict, time.Since(began).Round(time.Second))
		rows = append(rows, fmt.Sprintf("| %s | `%s` | %s |", m.name, m.file, verdict))
	}
	if *only == "" {
		if err := os.WriteFile(*out, []byte(page(rows)), 0o644); err != nil { // #nosec G306 -- a document
			fmt.Fprintln(os.Stderr, "mutants:", err)
			os.Exit(1)
		}
	}
	fmt.Printf("%d mutants, %d alive\n", len(rows), alive)
	if alive > 0 || len(rows) == 0 {
		os.Exit(1)
	}
}

func page(rows []string) string {
	return `# Mutants

Each line removes one defence and names a test that then fails. The list is ` + "`tools/mutants/mutants.go`" + `; the command, which writes this page:

    go run ./tools/mutants

| defence removed | in | killed by |
|---|---|---|
` + strings.Join(rows, "\n") + "\n"
}
