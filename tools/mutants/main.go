// Command mutants removes Ramp's defences one at a time and runs the tests that
// should miss them:
//
//	go run ./tools/mutants            # all of them; it takes an hour
//	go run ./tools/mutants -run digest
//	go run ./tools/mutants -list      # runs none, and writes docs/mutants.md
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
	list := flag.Bool("list", false, "run none, and write docs/mutants.md from the list")
	flag.Parse()
	if *list {
		if err := os.WriteFile(filepath.Join("docs", "mutants.md"), []byte(page(mutants())), 0o644); err != nil { // #nosec G306 -- a document
			fmt.Fprintln(os.Stderr, "mutants:", err)
			os.Exit(1)
		}
		return
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutants: -run:", err)
		os.Exit(2)
	}
	run, alive := 0, 0
	for _, m := range mutants() {
		if !pattern.MatchString(m.name) {
			continue
		}
		began := time.Now()
		fmt.Printf("%-70s ", m.name)
		verdict, err := m.run()
		if err != nil {
			alive++
			verdict = "ALIVE: " + err.Error()
		}
		fmt.Printf("%s (%s)\n", verdict, time.Since(began).Round(time.Second))
		run++
	}
	fmt.Printf("%d mutants, %d alive\n", run, alive)
	if alive > 0 || run == 0 {
		os.Exit(1)
	}
}

// page is docs/mutants.md.
func page(all []mutant) string {
	var b strings.Builder
	b.WriteString(`# Mutants

Each mutant is Ramp with one defence taken out. Its name says what that Ramp does wrong; at least one of the tests named beside it must fail on it. The list is in ` + "`tools/mutants`" + `. ` + "`go run ./tools/mutants`" + ` runs all of them and fails if one is alive, ` + "`go run ./tools/mutants -run WORD`" + ` runs those whose name has the word, and ` + "`go run ./tools/mutants -list`" + ` writes this page.

| mutant | in | tests |
|---|---|---|
`)
	for _, m := range all {
		fmt.Fprintf(&b, "| %s | `%s` | %s |\n", m.name, m.file, strings.ReplaceAll("`"+strings.Join(m.tests, "`, `")+"`", "|", `\|`))
	}
	return b.String()
}
