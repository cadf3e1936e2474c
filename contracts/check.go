package contracts

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"ramp.dev/ramp/access"
)

const (
	apiVersion       = "ramp/v1"
	kindContract     = "Contract"
	defaultPending   = "1h"
	defaultMinReason = 10
	defaultMaxReason = 1000
	defaultJustify   = 40
	defaultMaxParam  = 256
	longest          = 4000 // characters of a reason or a param
)

var nameShape = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// check turns a written contract into a checked one, or adds everything that
// is wrong with it to the document's issues.
func (d *document) check(src source) {
	c := &Contract{Name: src.Metadata.Name, Owner: src.Metadata.Owner, Description: src.Description,
		Labels: src.Metadata.Labels, self: src.Approval.SelfApproval, passkey: src.Approval.Passkey}
	d.contract = c
	if src.APIVersion != apiVersion {
		d.issue("api_version", fmt.Sprintf("apiVersion must be %q", apiVersion), "apiVersion")
	}
	if src.Kind != kindContract {
		d.issue("kind", fmt.Sprintf("kind must be %q", kindContract), "kind")
	}
	if !nameShape.MatchString(c.Name) {
		d.issue("name", "metadata.name must be lower-case letters, digits and dashes, 63 at most", "metadata", "name")
	}
	d.checkRequest(c, src.Request)
	d.checkDuration(c, src.Duration)
	d.checkGrants(c, src.Grants)
	d.checkApproval(c, src.Approval)
	d.checkExtend(c, src.Extend)
	c.stepUp.Request = d.stepUp(src.StepUp.Request, "request")
	c.stepUp.Approve = d.stepUp(src.StepUp.Approve, "approve")
	if c.stepUp.Approve > 0 && len(src.Approval.Stages) == 0 {
		d.issue("step_up_auto", "nobody approves under this contract, so nobody can be asked to log in for it; use stepUp.request", "stepUp", "approve")
	}
}

// The shortest leaves time to come back from the provider and read the plan; who
// wants the longest wants no step-up.
const (
	minStepUp = access.Duration(time.Minute)
	maxStepUp = access.Duration(7 * 24 * time.Hour)
)

// stepUp is how lately somebody must have logged in; 0 if it is not written.
func (d *document) stepUp(text, field string) access.Duration {
	if text == "" {
		return 0
	}
	within := d.duration(text, "stepUp", field)
	if within != 0 && (within < minStepUp || within > maxStepUp) {
		d.issue("step_up", fmt.Sprintf("stepUp.%s must be %s to %s", field, minStepUp, maxStepUp), "stepUp", field)
	}
	return within
}

func (d *document) condition(text string, path ...any) *condition {
	if text == "" {
		return nil
	}
	cond, err := compile(d.env, text)
	if err != nil {
		d.issue("condition", err.Error(), path...)
		return nil
	}
	return cond
}

func (d *document) checkRequest(c *Contract, r sourceRequest) {
	if r.Who == "" {
		d.issue("who_missing", "request.who must say who may ask", "request", "who")
	} else if cond := d.condition(r.Who, "request", "who"); cond != nil {
		c.who = *cond
	}
	c.params = map[string]param{}
	for _, name := range slices.Sorted(maps.Keys(r.Params)) {
		c.params[name] = d.checkParam(name, r.Params[name])
	}
	c.reason = reasonRule{Optional: r.Reason.Optional, MinLength: or(r.Reason.MinLength, defaultMinReason),
		MaxLength: or(r.Reason.MaxLength, defaultMaxReason)}
	if c.reason.MinLength < 0 || c.reason.MaxLength < max(c.reason.MinLength, 1) || c.reason.MaxLength > longest {
		d.issue("reason_bounds", fmt.Sprintf("the reason's maxLength is 1 to %d, and its minLength 0 to that", longest), "request", "reason")
	}
	if t := r.Ticket; t != nil {
		c.ticket = ticketRule{Required: t.Required, When: d.condition(t.When, "request", "ticket", "when"),
			Pattern: d.pattern(t.Pattern, "request", "ticket", "pattern")}
	}
}

// meaningless are, by type of param, the fields that bound nothing of it.
var meaningless = map[string][]string{
	"string": {"min", "max"},
	"int":    {"enum", "pattern", "maxLength"},
	"bool":   {"enum", "pattern", "maxLength", "min", "max"},
}

func (d *document) checkParam(name string, p sourceParam) param {
	at := []any{"request", "params", name}
	out := param{Kind: p.Type, Enum: p.Enum, Pattern: d.pattern(p.Pattern, append(at, "pattern")...), MaxLength: or(p.MaxLength, defaultMaxParam),
		Min: p.Min, Max: p.Max, Required: p.Required, Default: p.Default, Description: p.Description}
	if !regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,39}$`).MatchString(name) {
		d.issue("param_name", "a param's name must be letters, digits and underscores, and begin with a small letter", at...)
	}
	none, known := meaningless[p.Type]
	if !known {
		d.issue("param_type", fmt.Sprintf("type %q is none of string, int, bool", p.Type), append(at, "type")...)
		return out
	}
	for _, field := range none {
		if d.written(append(at, field)...) {
			d.issue("param_field", fmt.Sprintf("%s means nothing for type %s", field, p.Type), append(at, field)...)
		}
	}
	if out.MaxLength < 1 || out.MaxLength > longest {
		d.issue("param_bounds", fmt.Sprintf("maxLength is 1 to %d", longest), append(at, "maxLength")...)
		out.MaxLength = longest // told once
	}
	if p.Min != nil && p.Max != nil && *p.Min > *p.Max {
		d.issue("param_bounds", fmt.Sprintf("min %d is over max %d, so that no value would fit", *p.Min, *p.Max), append(at, "min")...)
	}
	if p.Type == "string" && len(p.Enum) == 0 && p.Pattern == "" {
		// A free string in an entitlement would let the requester name the resource.
		d.issue("param_open", "a string param needs an enum or a pattern, so that requests name only what was meant", at...)
	}
	if p.Type == "string" {
		for i, v := range p.Enum {
			if _, issue := out.value(name, v); issue != nil {
				d.issue("param_enum", "nobody could choose this: "+issue.Message, append(at, "enum", i)...)
			}
		}
	}
	if p.Default != nil {
		v, issue := out.value(name, p.Default)
		if issue != nil {
			d.issue("param_default", "the default does not fit: "+issue.Message, append(at, "default")...)
		}
		out.Default = v
	}
	return out
}

func (d *document) pattern(text string, path ...any) *pattern {
	if text == "" {
		return nil
	}
	p, err := compilePattern(text)
	if err != nil {
		d.issue("pattern", err.Error(), path...)
	}
	return p
}

func (d *document) duration(text string, path ...any) access.Duration {
	v, err := access.ParseDuration("", text)
	if err != nil {
		is := access.IssuesOf(err)[0]
		d.issue(is.Code, is.Message, path...)
	}
	return v
}

func (d *document) checkDuration(c *Contract, s sourceDuration) {
	c.length = lengthRule{Default: d.duration(s.Default, "duration", "default"), Max: d.duration(s.Max, "duration", "max"),
		JustifyMinLength: or(s.JustifyMinLength, defaultJustify)}
	if s.JustifyOver != "" {
		c.length.JustifyOver = d.duration(s.JustifyOver, "duration", "justifyOver")
	}
	if c.length.Default > c.length.Max && c.length.Max > 0 {
		d.issue("duration_default_over_max", fmt.Sprintf("the default %s is over the max %s", c.length.Default, c.length.Max), "duration", "default")
	}
	if c.length.JustifyOver > c.length.Max && c.length.Max > 0 {
		d.issue("justify_over_max", fmt.Sprintf("justifyOver %s is over the max %s, so that nothing would ever be justified", c.length.JustifyOver, c.length.Max), "duration", "justifyOver")
	}
	if n := c.length.JustifyMinLength; (c.length.JustifyOver > 0 || s.JustifyMinLength != nil) && (n < 1 || n > c.reason.MaxLength) {
		d.issue("justify_bounds", fmt.Sprintf("justifyMinLength is 1 to the reason's maxLength (%d), and is %d", c.reason.MaxLength, n), "duration", "justifyMinLength")
	}
}

func (d *document) checkGrants(c *Contract, grants []sourceGrant) {
	if len(grants) == 0 || len(grants) > access.MaxGrants {
		d.issue("grants_count", fmt.Sprintf("a contract has 1 to %d grants", access.MaxGrants), "grants")
	}
	for i, g := range grants {
		if g.Target == "" {
			d.issue("target_missing", "a grant must name its target", "grants", i, "target")
		}
		if braces(g.Target) {
			d.issue("template", "nothing is filled in in a target's name; write it out", "grants", i, "target")
		}
		if len(g.Entitlement) == 0 {
			d.issue("entitlement_missing", "a grant must say in its entitlement what is opened", "grants", i, "entitlement")
		}
		for _, problem := range checkTemplates(g.Entitlement, c.params) {
			d.issue("template", problem, "grants", i, "entitlement")
		}
		c.grants = append(c.grants, grantTemplate(g))
		if !slices.Contains(c.Targets, g.Target) {
			c.Targets = append(c.Targets, g.Target)
		}
	}
}

func (d *document) checkApproval(c *Contract, a sourceApproval) {
	if a.PendingFor == "" {
		a.PendingFor = defaultPending
	}
	c.pending = d.duration(a.PendingFor, "approval", "pendingFor")
	c.auto = d.condition(a.Auto, "approval", "auto")
	c.deny = or(a.Deny, 1)
	if c.deny < 1 {
		d.issue("deny", "deny must be at least 1", "approval", "deny")
	}
	if len(a.Stages) == 0 && a.Auto == "" {
		d.issue("approval_missing", "a contract needs approval.stages, or approval.auto for access without an approver", "approval")
	}
	automatic := c.auto != nil && !c.auto.never
	if len(a.Stages) == 0 && c.auto != nil && !automatic {
		d.issue("auto_never", "approval.auto is always false and there are no stages, so that nobody could approve", "approval", "auto")
	}
	if a.Passkey && a.Auto != "" {
		d.issue("passkey_auto", "approval.passkey wants a person's signature, and approval.auto approves without one; choose", "approval", "passkey")
	}
	names := map[string]bool{}
	for i, s := range a.Stages {
		st := stage{Stage: access.Stage{Name: s.Name, From: s.From, Approvals: or(s.Count, 1)},
			When: d.condition(s.When, "approval", "stages", i, "when")}
		if s.Name == "" || names[s.Name] {
			d.issue("stage_name", "each stage needs a name of its own", "approval", "stages", i)
		}
		names[s.Name] = true
		if len(s.From) == 0 {
			d.issue("stage_from", "a stage must name the groups its approvers come from", "approval", "stages", i)
		}
		for g, group := range s.From {
			if strings.TrimSpace(group) == "" {
				d.issue("stage_from", "a group's name cannot be blank", "approval", "stages", i, "from", g)
			}
		}
		if st.Approvals < 1 || st.Approvals > 20 {
			d.issue("stage_count", "a stage's count is 1 to 20", "approval", "stages", i, "count")
		}
		c.stages = append(c.stages, st)
	}
	conditional := len(c.stages) > 0 && !slices.ContainsFunc(c.stages, func(s stage) bool { return s.When == nil })
	if conditional && !automatic {
		d.issue("stages_conditional", "every stage has a condition; one must always apply, or nobody would approve when none does", "approval", "stages")
	}
}

func (d *document) checkExtend(c *Contract, e *sourceExtend) {
	if e == nil {
		return
	}
	up := d.duration(e.UpTo, "extend", "upTo")
	if e.Times < 1 || e.Times > 20 {
		d.issue("extend_times", "extend.times is 1 to 20", "extend", "times")
	}
	if up > 0 && up < c.length.Max {
		d.issue("extend_up_to", "extend.upTo is the whole length and cannot be under duration.max", "extend", "upTo")
	}
	c.extend = &access.ExtensionLimits{Times: int(e.Times), UpTo: up}
}

func or(v *number, otherwise int) int {
	if v == nil {
		return otherwise
	}
	return int(*v)
}
