package contracts

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"weak"

	"github.com/google/cel-go/common/ast"

	"ramp.dev/ramp/access"
)

// maxCounted bounds for how many people who differ in what a condition reads it is kept
// whether too much is open to them. A result takes 33 bytes, so that a thousand contracts
// keep some ten megabytes at the most.
const maxCounted = 256

// counted keeps of one inventory to whom more of it is open than choices.max says, so that
// a condition is not evaluated for thousands of choices at every request. It holds the
// inventory that it is about by a weak pointer: a list is never changed once it is
// verified, and a newer one is another list, even where two have one digest. It is safe
// for concurrent use.
type counted struct {
	mu   sync.Mutex
	of   weak.Pointer[access.Inventory]
	over map[[sha256.Size]byte]bool
}

// result returns what is kept of an inventory for somebody, or counts and keeps it. Two
// who ask at once may both count.
func (c *counted) result(i *access.Inventory, who [sha256.Size]byte, count func() bool) bool {
	of := weak.Make(i)
	c.mu.Lock()
	over, known := c.over[who]
	known = known && c.of == of
	c.mu.Unlock()
	if known {
		return over
	}
	over = count()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of != of || len(c.over) >= maxCounted {
		c.of, c.over = of, map[[sha256.Size]byte]bool{}
	}
	c.over[who] = over
	return over
}

// personRead is what a condition reads of who asks: some fields, or everything.
type personRead struct {
	fields []string // in order, each once
	all    bool
}

// personReadBy returns what an expression reads of the person. A use that is no selection
// of a field, such as a field whose name is computed, reads everything.
func personReadBy(e ast.Expr) (r personRead) {
	uses, selected := 0, 0
	fields := map[string]bool{}
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		isPerson := func(e ast.Expr) bool { return e.Kind() == ast.IdentKind && e.AsIdent() == "person" }
		switch {
		case isPerson(e):
			uses++
		case e.Kind() == ast.SelectKind && isPerson(e.AsSelect().Operand()):
			selected++
			fields[e.AsSelect().FieldName()] = true
		}
	}))
	return personRead{slices.Sorted(maps.Keys(fields)), uses > selected}
}

// digest returns a digest of what is read of a person: equal for two people whom the
// condition cannot tell apart. It takes little room, whatever somebody's claims hold, and
// keeps none of them.
func (r personRead) digest(person map[string]any) [sha256.Size]byte {
	read := person
	if !r.all {
		read = map[string]any{}
		for _, name := range r.fields {
			if value, has := person[name]; has {
				read[name] = value
			}
		}
	}
	return sha256.Sum256(fmt.Appendf(nil, "%q", read)) // in the order of the names, and each text for itself
}
