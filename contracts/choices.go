package contracts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/cel"

	"ramp.dev/ramp/access"
)

// choices take the values of a param from a list of what a target has, as its worker has
// signed it: who may ask chooses one, and nothing else.
type choices struct {
	From      string  `yaml:"from" schema:"required minLength=1 name"`
	List      string  `yaml:"list" schema:"required pattern=^[a-z][a-z0-9-]{0,39}$"`
	Where     string  `yaml:"where" schema:"maxLength=2000"`
	Max       *number `yaml:"max" schema:"minimum=1 maximum=10000"`
	MaxAge    string  `yaml:"maxAge" schema:"duration"`
	IfUnknown string  `yaml:"ifUnknown" schema:"enum=refuse|pattern|"`

	where   *condition
	maxAge  access.Duration
	reads   personRead
	counted *counted // nil: the condition reads the time, so that it is counted each time
}

const (
	defaultMaxAge    = access.Duration(time.Hour)
	maxMaxAge        = access.Duration(7 * 24 * time.Hour)
	minMaxAge        = access.Duration(5 * time.Minute) // workers ask their targets more often than that
	ifUnknownPattern = "pattern"
)

// choiceEnvironment declares what a condition on choices may read: the choice, and who
// asks. It reads no param, so that what may be chosen can be listed before anything is.
func choiceEnvironment() (*cel.Env, error) {
	return cel.NewEnv(
		cel.Variable("person", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("now", cel.TimestampType),
		cel.Variable("choice", cel.MapType(cel.StringType, cel.DynType)),
	)
}

func (c *choices) set() bool { return c.From != "" || c.List != "" }

func (c *choices) check(d *document, p *param, at func(...any) []any) {
	if !d.written(at("choices")...) {
		return
	}
	if strings.TrimSpace(c.From) == "" {
		d.issue("choices_from", "choices.from names the target whose inventory it is", at("choices", "from")...)
	}
	if !access.ValidList(c.List) {
		d.issue("choices_list", "choices.list names one of the target's lists, such as users: lowercase letters, digits and dashes, a letter first, 40 at most", at("choices", "list")...)
	}
	if n := c.Max.or(1); n < 1 || n > access.MaxChoices {
		d.issue("choices_max", fmt.Sprintf("choices.max is 1 to %d", access.MaxChoices), at("choices", "max")...)
	}
	if c.where = d.choiceCondition(c.Where, at("choices", "where")...); c.where == nil || !readsVariable(c.where.tree.Expr(), "now") {
		c.counted = &counted{}
	}
	if c.where != nil {
		c.reads = personReadBy(c.where.tree.Expr())
	}
	c.maxAge = defaultMaxAge
	if d.written(at("choices", "maxAge")...) {
		if c.maxAge = d.length(c.MaxAge, at("choices", "maxAge")...); c.maxAge != 0 && (c.maxAge < minMaxAge || c.maxAge > maxMaxAge) {
			d.issue("choices_age", fmt.Sprintf("choices.maxAge is %s to %s", minMaxAge, maxMaxAge), at("choices", "maxAge")...)
		}
	}
	if !slices.Contains([]string{"", "refuse", ifUnknownPattern}, c.IfUnknown) {
		d.issue("choices_unknown", "choices.ifUnknown is refuse or pattern", at("choices", "ifUnknown")...)
	}
	if c.IfUnknown == ifUnknownPattern && p.Pattern == "" && len(p.Enum) == 0 {
		d.issue("choices_pattern", "write the pattern that then bounds the value alone", at("choices", "ifUnknown")...)
	}
}

// choiceCondition compiles a condition on choices; nil if none is written or it is wrong.
func (d *document) choiceCondition(text string, path ...any) *condition {
	if d.emptyCondition(text, path...) {
		return nil
	}
	const kind = "choice\x00" // the same text reads other variables than in another condition
	if known, ok := d.compiled[kind+text]; ok {
		return known
	}
	cond, err := compile(d.choiceEnv, text)
	if err != nil {
		d.notCondition(err, path...)
		return nil
	}
	d.compiled[kind+text] = cond
	return cond
}

// name is which list the values come from.
func (c *choices) name() access.InventoryName {
	return access.InventoryName{Target: c.From, List: c.List}
}

// known returns the inventory if it may be gone by at that time, else why not.
func (c *choices) known(all []*access.Inventory, now time.Time) (*access.Inventory, string) {
	i := access.FindInventory(all, c.name())
	if i == nil {
		return nil, fmt.Sprintf("no worker has said what the %s are", c.name())
	}
	if age := now.Sub(i.At); age > c.maxAge.Std() || age < -access.ClockSkew {
		return nil, fmt.Sprintf("the %s were listed at %s, and the contract takes nothing older than %s", c.name(), access.FormatTime(i.At), c.maxAge)
	}
	return i, ""
}

// allows evaluates the condition on one choice.
func (c *choices) allows(one access.Choice, who map[string]any) Step {
	return c.where.eval("", map[string]any{"person": who["person"], "now": who["now"], "choice": choiceVariable(one)})
}

// open yields, in order, what somebody may choose from an inventory.
func (c *choices) open(p *param, i *access.Inventory, who map[string]any) func(yield func(access.Choice) bool) {
	return func(yield func(access.Choice) bool) {
		for _, one := range i.Choices {
			if _, issue := p.value("", one.Value); issue != nil {
				continue
			}
			if c.where != nil && c.allows(one, who).Result != Satisfied {
				continue
			}
			if !yield(one) {
				return
			}
		}
	}
}

// tooMany reports whether somebody could choose among more than the contract reckons
// with: then nobody has looked at what the condition lets through.
func (c *choices) tooMany(p *param, i *access.Inventory, who map[string]any) bool {
	if c.Max == nil || len(i.Choices) <= int(*c.Max) {
		return false
	}
	if c.counted != nil {
		person, _ := who["person"].(map[string]any)
		return c.counted.result(i, c.reads.digest(person), func() bool { return c.overMax(p, i, who) })
	}
	return c.overMax(p, i, who)
}

// overMax counts what is open to somebody.
func (c *choices) overMax(p *param, i *access.Inventory, who map[string]any) bool {
	n := 0
	for range c.open(p, i, who) {
		if n++; n > int(*c.Max) {
			return true
		}
	}
	return false
}

// inventories holds chosen values against what targets have. It has no field of its own.
type inventories struct{}

func (inventories) section() string { return "" }

// admit refuses a value that the inventory does not have or that the condition keeps from
// this person, with the same words, so that nobody learns what others may choose.
func (inventories) admit(q *query) {
	for _, name := range q.contract.choiceParams() {
		p := q.contract.terms.params.Params[name]
		if value, given := q.draft.Params[name].(string); given && !q.done {
			p.Choices.admit(q, name, &p, value)
		}
	}
	if q.contract.terms.chosen.read {
		q.variables[chosenVariable] = chosenVariables(q.draft.Choices)
	}
}

// fieldChoices names a param's choices in the trace.
func fieldChoices(param string) string { return "request.params." + param + ".choices" }

func (c *choices) admit(q *query, name string, p *param, value string) {
	field := fieldChoices(name)
	step := Step{Field: field, Expression: fmt.Sprintf("it is one of the %s", c.name()), Result: Unevaluated}
	i, why := c.known(q.Inventories, q.Now)
	if i == nil {
		step.Detail = why
		q.result.Trace = append(q.result.Trace, step)
		if c.IfUnknown == ifUnknownPattern {
			q.draft.Choices = append(q.draft.Choices, access.Chosen{Param: name, Target: c.From, List: c.List, Choice: access.Choice{Value: value}})
			return
		}
		q.refuseAtOnce(CouldNotEvaluate, "choices_unknown", "%s, so nothing of it can be chosen", why)
		return
	}
	one, found := i.Find(value)
	step.Result, step.Detail = NotSatisfied, "as of "+access.FormatTime(i.At)
	if found {
		step.Result = Satisfied
	}
	q.result.Trace = append(q.result.Trace, step)
	allowed := found
	if found && c.where != nil {
		where := c.allows(one, q.variables)
		where.Field = field + ".where"
		q.result.Trace = append(q.result.Trace, where)
		allowed = where.Result == Satisfied
	}
	switch {
	case !allowed:
		q.refuse("choice_not_allowed", "params."+name, "%q cannot be %q%s", name, access.Clip(value, 60), c.instead(q, p, i, value))
	case c.tooMany(p, i, q.variables):
		q.refuseAtOnce(Refused, "choices_too_many", "more than %d of the %s are open to you for %q, which is more than contract %s allows for; whoever owns it must narrow choices.where, or raise choices.max", *c.Max, c.name(), name, q.contract.Name)
	default:
		q.draft.Choices = append(q.draft.Choices, access.Chosen{Param: name, Target: c.From, List: c.List, Choice: one, Inventory: i.Digest, At: i.At})
	}
}

// fewChoices are so many that a refusal lists them.
const fewChoices = 8

// instead says what may be chosen: all of it if that is little, else what is like it.
func (c *choices) instead(q *query, p *param, i *access.Inventory, value string) string {
	var names []string
	for one := range c.open(p, i, q.variables) {
		names = append(names, one.Value)
	}
	switch near := Nearest(value, names); {
	case len(names) == 0:
		return fmt.Sprintf("; none of the %s is open to you", c.name())
	case len(names) <= fewChoices:
		return "; allowed are " + strings.Join(names, ", ")
	case near != "":
		return fmt.Sprintf("; did you mean %q? %d are open to you", near, len(names))
	}
	return fmt.Sprintf("; %d others are open to you", len(names))
}

func (inventories) explain(p access.Plan) (lines []Line) {
	for _, c := range p.Choices {
		lines = append(lines, Line{"choice", c.String()})
	}
	return lines
}

// choiceParams returns the params whose values come from an inventory, in order.
func (c *Contract) choiceParams() (out []string) {
	for _, name := range slices.Sorted(maps.Keys(c.terms.params.Params)) {
		if p := c.terms.params.Params[name]; p.Choices.set() {
			out = append(out, name)
		}
	}
	return out
}

// Inventories returns the lists that must be known before a request can be evaluated,
// each once.
func (c *Contract) Inventories() (out []access.InventoryName) {
	for _, name := range c.choiceParams() {
		p := c.terms.params.Params[name]
		if n := p.Choices.name(); !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
