package contracts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types"

	"ramp.dev/ramp/access"
)

// facts is what the world outside says. It has no field of its own: conditions read it as
// variables that are there only if they are known, so that a condition that reads one
// that is not known cannot be evaluated.
type facts struct{}

func (*facts) section() string { return "" }

// check finds conditions that read of the ticket what no system is asked for.
func (*facts) check(d *document) {
	t := &d.contract.terms
	reads := func(r reading) bool { return r.ticket }
	found := slices.ContainsFunc(t.conditions(), func(c *condition) bool { return reads(c.reads) }) ||
		slices.ContainsFunc(t.wheres(), func(c *approverCondition) bool { return reads(c.reads) })
	if found && t.ticket.System == "" && !d.beside(&t.ticket) {
		d.issue("ticket_system_missing", "a condition reads what a system knows of the ticket; say which: system: NAME, a source in server.facts", "request", "ticket")
	}
}

// plan keeps what the evaluation read of the world outside. It is what approvers see.
func (*facts) plan(q *query) {
	for _, question := range q.contract.Questions(q.Request) {
		if f := access.FindFact(q.Facts, question); f != nil {
			q.draft.Facts = append(q.draft.Facts, *f)
		}
	}
}

func (*facts) explain(p access.Plan) (lines []Line) {
	for _, f := range p.Facts {
		lines = append(lines, Line{"fact", f.String()})
	}
	return lines
}

// schedulesVariable is what oncall("NAME") becomes: whether the requester is on call,
// by schedule. Nobody can write this name.
const schedulesVariable = "@oncall"

// ticketVariables are the facts of the request's ticket, with their types.
var ticketVariables = map[string]*cel.Type{"ticket.open": cel.BoolType, "ticket.project": cel.StringType, "ticket.service": cel.StringType, "ticket.type": cel.StringType,
	"ticket.severity": cel.IntType, "ticket.assignee": cel.StringType}

var ticketField = regexp.MustCompile(`\bticket\.([A-Za-z_][A-Za-z0-9_]*)`)

// unknownTicketField says of a condition that cannot be compiled which field it reads that a
// ticket does not have; "" if there is none. CEL itself says that texts have no fields.
func unknownTicketField(text string) string {
	known := slices.Sorted(maps.Keys(ticketVariables))
	fields := make([]string, len(known))
	for i, name := range known {
		fields[i] = strings.TrimPrefix(name, "ticket.")
	}
	for _, m := range ticketField.FindAllStringSubmatch(text, -1) {
		if slices.Contains(fields, m[1]) {
			continue
		}
		out := fmt.Sprintf("not a condition: a ticket has no %q", m[1])
		may := "of a ticket this may be read: " + strings.Join(known, ", ")
		if near := Nearest(m[1], fields); near != "" {
			return out + fmt.Sprintf("; did you mean ticket.%s? O%s", near, may[1:])
		}
		return out + "; " + may
	}
	return ""
}

// factDeclarations declare what conditions may read of the world outside.
func factDeclarations() []cel.EnvOption {
	out := []cel.EnvOption{cel.Variable(schedulesVariable, cel.MapType(cel.StringType, cel.BoolType)),
		cel.Macros(cel.GlobalMacro("oncall", 1, expandOnCall))}
	for name, t := range ticketVariables {
		out = append(out, cel.Variable(name, t))
	}
	return out
}

// expandOnCall makes oncall("NAME") a look into what is known of the schedules. The
// name is written out, so that the server knows which schedules to ask about.
func expandOnCall(f cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	name, isText := "", false
	if args[0].Kind() == ast.LiteralKind {
		name, isText = args[0].AsLiteral().Value().(string)
	}
	if !isText || !validSchedule(name) {
		return nil, f.NewError(args[0].ID(), `oncall takes the name of a schedule in quotes: oncall("db-primary")`)
	}
	return f.NewCall(operators.Index, f.NewIdent(schedulesVariable), args[0]), nil
}

// sourceName is what a source of facts may be called in the configuration.
var sourceName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// maxSchedule bounds the name of a schedule, in bytes.
const maxSchedule = 100

func validSchedule(name string) bool {
	return name != "" && len(name) <= maxSchedule && misleadingName(name) == ""
}

// factVariables returns what conditions may read of some facts. They are of now: for
// access that starts later, who is on call is known as long as the shift lasts, and the
// ticket is not known. Otherwise somebody on call for one more hour could have access
// for a day of next month approved (docs/threats.md, case 92).
func factVariables(in Input) map[string]any {
	schedules := map[string]bool{}
	out := map[string]any{schedulesVariable: schedules}
	start := in.Now
	if at := in.Request.StartAt; at != nil && at.Truncate(time.Second).After(in.Now) {
		start = *at
	}
	later := start.After(in.Now)
	for _, f := range in.Facts {
		switch {
		case f.State != access.FactKnown:
		case f.OnCall != nil && f.Source == access.OnCallSource:
			if !later || f.OnCall.Until != nil && start.Before(*f.OnCall.Until) {
				schedules[f.Key] = f.HasOnCall(in.Person, start)
			}
		case f.Ticket != nil && f.Key == in.Request.Ticket && !later:
			out["ticket.open"] = f.Ticket.Open
			if f.Ticket.Severity != 0 {
				out["ticket.severity"] = f.Ticket.Severity
			}
			for name, text := range map[string]string{"ticket.project": f.Ticket.Project, "ticket.service": f.Ticket.Service, "ticket.type": f.Ticket.Type, "ticket.assignee": f.Ticket.Assignee} {
				if text != "" {
					out[name] = text
				}
			}
		}
	}
	return out
}

// reading is what an expression reads of the world outside.
type reading struct {
	schedules []string
	ticket    bool
}

// readingOf returns what an expression reads of the world outside.
func readingOf(e ast.Expr) (r reading) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.Kind() == ast.SelectKind && e.AsSelect().Operand().Kind() == ast.IdentKind && e.AsSelect().Operand().AsIdent() == "ticket",
			e.Kind() == ast.IdentKind && strings.HasPrefix(e.AsIdent(), "ticket."):
			r.ticket = true
		case e.Kind() == ast.CallKind && e.AsCall().FunctionName() == operators.Index && e.AsCall().Args()[0].Kind() == ast.IdentKind && e.AsCall().Args()[0].AsIdent() == schedulesVariable:
			if name, isText := e.AsCall().Args()[1].AsLiteral().(types.String); isText && !slices.Contains(r.schedules, string(name)) {
				r.schedules = append(r.schedules, string(name))
			}
		}
	}))
	return r
}

func onCallQuestion(schedule string) access.FactQuestion {
	return access.FactQuestion{Kind: access.FactOnCall, Source: access.OnCallSource, Key: schedule}
}

// Questions returns what must be asked of the world outside before a request can be
// evaluated, each once. Nothing is asked about a ticket that is none by its form.
func (c *Contract) Questions(in access.RequestInput) []access.FactQuestion {
	var out []access.FactQuestion
	if q, asks := c.terms.ticket.question(in.Ticket); asks {
		out = append(out, q)
	}
	for _, name := range c.schedules() {
		out = append(out, onCallQuestion(name))
	}
	return out
}

// schedules returns the schedules that conditions read, each once.
func (c *Contract) schedules() (out []string) {
	for _, cond := range c.terms.conditions() {
		out = append(out, cond.reads.schedules...)
	}
	for _, w := range c.terms.wheres() {
		out = append(out, w.reads.schedules...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// facts returns what is known of what a condition reads, in words.
func (q *query) facts(r reading) string {
	var words []string
	add := func(question access.FactQuestion) {
		if f := access.FindFact(q.Facts, question); f != nil {
			words = append(words, f.String())
		} else {
			words = append(words, access.Fact{FactQuestion: question, Why: "it is not known here"}.String())
		}
	}
	if question, asks := q.contract.terms.ticket.question(q.Request.Ticket); r.ticket && asks {
		add(question)
	}
	for _, name := range r.schedules {
		add(onCallQuestion(name))
	}
	return strings.Join(words, "; ")
}
