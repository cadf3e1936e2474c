package contracts

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// FuzzTemplate: a template that is accepted is filled in as reading it from left to right
// does, whatever the value holds: a value is never read as a template. One that is not
// accepted has its problem said.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "plain", "{{ params.table }}", "{{params.table}}{{ person.id }}", "a{{ params.table }}b{{ person.id }}c", "{{", "}}", "{{ }}",
		"{{ params.none }}", "{{ params.free }}", "{{ {{ params.table }} }}", "{{ params.table }", "{ {params.table} }", "{{ params.table }}}", "{{{ params.table }}", "{{\n\tparams.table\n}}", "{{ params.table\u00a0}}", "$1${0}\\1{{ params.table }}"} {
		for _, value := range []string{"orders", "", "{{ person.id }}", "}}", "{{", "$1"} {
			f.Add(text, value)
		}
	}
	params := map[string]param{"table": {Type: "string", Required: true}, "free": {Type: "string"}}
	f.Fuzz(func(t *testing.T, text, value string) {
		problems := checkTemplates(map[string]any{"a": []any{text}}, params)
		if !strings.Contains(text, "{{") && !strings.Contains(text, "}}") {
			require.Empty(t, problems)
		}
		if len(problems) > 0 {
			for _, p := range problems {
				require.NotEmpty(t, p)
			}
			return
		}
		values := map[string]string{"person.id": "alice", "params.table": value}
		got := fill(map[string]any{"a": []any{text}}, values)
		require.Equal(t, map[string]any{"a": []any{read(t, text, values)}}, got)
		require.NotEmpty(t, checkTemplates(map[string]any{text + "{{ person.id }}": "x"}, params), "nothing is filled in in a key")
	})
}

// read fills in a template in another way than the code does: from left to right.
func read(t *testing.T, text string, values map[string]string) string {
	before, rest, more := strings.Cut(text, "{{")
	if !more {
		return before
	}
	for strings.HasPrefix(rest, "{") { // the innermost two are the reference's
		before, rest = before+"{", rest[1:]
	}
	name, rest, closed := strings.Cut(rest, "}}")
	require.True(t, closed)
	value, known := values[strings.Trim(name, " \t\n\f\r")]
	require.True(t, known, "%q", name)
	return before + value + read(t, rest, values)
}

// FuzzWindow: windows that the parser takes mean what the clock on the wall shows, in
// every zone and on every date; what it does not take has its place.
func FuzzWindow(f *testing.F) {
	for _, zone := range append([]string{"", "Local", "Mars/Olympus", "../UTC"}, zones...) {
		f.Add(zone, "mon", "08:00", "18:00", "2026-12-25", int64(1_795_000_000))
		f.Add(zone, "sun", "02:00", "03:00", "", int64(1_806_199_200)) // clocks are set in Berlin
	}
	f.Add("UTC", "sat", "22:00", "02:00", "2026-11-28", int64(1_795_831_200))
	f.Add("UTC", "fri", "00:00", "24:00", "2026-02-30", int64(0))
	f.Add("UTC", "day", "24:00", "8:00", "today", int64(-1))
	f.Fuzz(func(t *testing.T, zone, day, from, to, except string, second int64) {
		quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
		text := "apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true'}\nduration: {default: 30m, max: 1h}\n" +
			"grants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x]}]}\n" +
			"during: {zone: " + quote(zone) + ", windows: [{days: [" + quote(day) + "], from: " + quote(from) + ", to: " + quote(to) + "}]"
		if except != "" {
			text += ", except: [" + quote(except) + "]"
		}
		set, err := Parse(map[string][]byte{"c.yaml": []byte(text + "}\n")})
		if err != nil {
			require.Contains(t, err.Error(), "c.yaml:")
			return
		}
		c := set.Contracts[0].terms.during.calendar
		require.Equal(t, from, clock(c.windows[0].from))
		require.Equal(t, to, clock(c.windows[0].to))
		const years = 80 * 365 * 24 * 3600
		at := time.Unix(((second%years)+years)%years, 0).UTC()
		limit := at.Add(25 * time.Hour)
		end, ended := at, false
		for m := at; m.Before(limit); m = m.Truncate(time.Minute).Add(time.Minute) {
			require.Equal(t, c.shown(m), c.contains(m), "%s %s", m.In(c.zone), c)
			if !ended && c.shown(m) {
				end = m.Truncate(time.Minute).Add(time.Minute)
			} else {
				ended = true
			}
		}
		if end.After(limit) {
			end = limit
		}
		require.Equal(t, end, c.until(at, limit), "%s %s", at.In(c.zone), c)
	})
}

// FuzzChoices: whatever inventory a worker signs, and whatever condition a contract has, what
// is offered is exactly what can be asked for, and evaluating it ends. What may not be in an
// inventory is said, and nothing else is.
func FuzzChoices(f *testing.F) {
	for _, where := range []string{"", `choice.team == person.team`, `has(choice.team) && choice.team != ""`, `choice.attributes.size() > 0`, `choice.label.matches("^(a+)+$")`, `choice.value in ["a", "b"]`, `true || choice.none == "x"`, `now > timestamp("2026-01-01T00:00:00Z")`, `choice.value`, `person.groups.exists(g, g == choice.team)`} {
		f.Add(where, "a\nb\nc", "Label", "team", "payments", "b")
		f.Add(where, "b\na\na", "", "value", "x", "a")
		f.Add(where, "\u202e\n\n ", " x", "T", "\x00", "")
	}
	f.Fuzz(func(t *testing.T, where, values, label, name, attribute, chosen string) {
		if len(where)+len(values)+len(label)+len(attribute) > 4000 {
			return
		}
		i := &access.Inventory{Target: "t/t", List: "accounts", At: fuzzed, Digest: "sha256:x"}
		for _, v := range strings.Split(values, "\n") {
			i.Choices = append(i.Choices, access.Choice{Value: v, Label: label, Attributes: map[string]string{name: attribute}})
		}
		if issues := i.Validate(); len(issues) > 0 {
			for _, is := range issues {
				require.NotEmpty(t, is.Code)
				require.NotEmpty(t, is.Message)
			}
			return
		}
		param := "choices: {from: t/t, list: accounts, max: 2}"
		if where != "" { // an empty one is refused, and none bounds nothing
			param = "choices: {from: t/t, list: accounts, max: 2, where: " + singleQuoted(where) + "}"
		}
		set, err := Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true', reason: {optional: true}, params: {account: {type: string, required: true, " + param + "}}}\nduration: {default: 30m, max: 1h}\n" +
			"grants: [{target: t/t, entitlement: {a: '{{ params.account }}'}}]\napproval: {stages: [{name: a, from: [x]}]}\n")})
		if err != nil {
			require.Contains(t, err.Error(), "c.yaml:")
			return
		}
		c := set.Contracts[0]
		in := Input{Person: access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{attribute}, Attributes: map[string]string{"team": attribute}}, Now: fuzzed,
			Inventories: []*access.Inventory{i}, Request: access.RequestInput{Params: map[string]any{"account": chosen}}}
		page, err := c.Choices(in, "account", "", "", 200)
		require.NoError(t, err)
		offered := slices.ContainsFunc(page.Items, func(one access.Choice) bool { return one.Value == chosen })
		e := c.Evaluate(in)
		require.Equal(t, offered, e.Err() == nil, "%v", e.Issues)
		if offered {
			require.Equal(t, chosen, e.Draft.Choices[0].Value)
			require.Equal(t, map[string]any{"a": chosen}, map[string]any(e.Draft.Grants[0].Entitlement))
		}
	})
}

// FuzzWhere: a condition on approvers that the parser takes admits nobody to whom CEL, with
// the approver beside the request, would not say yes; what is not known admits nobody.
func FuzzWhere(f *testing.F) {
	for _, where := range []string{`approver.team == person.team`, `approver.id != person.id`, `!(approver.team == "x")`, `"ops" in approver.groups || approver.id in ["a", "b"]`, `has(approver.level) && approver.level == params.level`,
		`approver.id == choices.account.owner`, `choices.account.owner in approver.groups`, `!(choices.account.owner in approver.groups)`, `!(approver.id == choices.account.none || approver.team == "x")`, `approver.attributes["team"] == person.team`,
		`approver.id != "x" && person.groups.all(a, person.groups.all(b, !person.team.matches("(a?){1000}z")))`, `approver.id != "x" && person.team.matches(params.level)`, `matches(approver.team, "a*")`,
		`person.team == "x" ? approver.id == "a" : true`, `approver.groups.size() > 0`, `true`, `approver.team`, `((((((((((approver.id == "a" || !true))))))))))`, ""} {
		f.Add(where, "payments", "payments", "alice", "olga")
		f.Add(where, "", "x", "a", "")
	}
	f.Fuzz(func(t *testing.T, where, team, theirs, id, owner string) {
		if len(where)+len(team)+len(theirs)+len(id)+len(owner) > 4000 || id == "" || theirs == "" {
			return // nobody has no id
		}
		set, err := Parse(map[string][]byte{"c.yaml": []byte("apiVersion: ramp/v1\nkind: Contract\nmetadata: {name: c}\nrequest: {who: 'true', reason: {optional: true}, ticket: {system: jira}, params: {level: {type: string, pattern: '.*'}, account: {type: string, required: true, choices: {from: t/t, list: accounts}}}}\nduration: {default: 30m, max: 1h}\n" +
			"grants: [{target: t/t, entitlement: {a: b}}]\napproval: {stages: [{name: a, from: [x], where: " + singleQuoted(where) + "}]}\n")})
		if err != nil {
			require.Contains(t, err.Error(), "c.yaml:")
			return
		}
		attributes := map[string]string{"env": "prod"}
		if owner != "" {
			attributes["owner"] = owner
		}
		in := Input{Person: access.Person{ID: "p", Kind: access.KindHuman, Attributes: map[string]string{"team": team}}, Now: fuzzed, History: &access.History{},
			Inventories: []*access.Inventory{{Target: "t/t", List: "accounts", At: fuzzed, Choices: []access.Choice{{Value: "acc", Attributes: attributes}}}},
			Request:     access.RequestInput{Params: map[string]any{"account": "acc", "level": team}}}
		e := set.Contracts[0].Evaluate(in)
		if e.Err() != nil {
			return // nobody can approve, so that nobody does
		}
		approver := access.Person{ID: id, Kind: access.KindHuman, Groups: []string{"x", theirs}, Attributes: map[string]string{"team": theirs}}
		if !e.Draft.Rule.Stages[0].Admits(approver) {
			return
		}
		env, err := environment()
		require.NoError(t, err)
		env, err = env.Extend(cel.Variable("approver", cel.MapType(cel.StringType, cel.DynType)))
		require.NoError(t, err)
		cond, err := compile(env, where)
		require.NoError(t, err)
		vars := variables(in, in.Request.Params, access.Duration(30*time.Minute))
		vars[chosenVariable] = chosenVariables(e.Draft.Choices)
		vars["approver"] = variables(Input{Person: approver}, nil, 0)["person"]
		require.Equal(t, Satisfied, cond.eval("", vars).Result, "%s admits %+v", where, approver)
	})
}

var fuzzed = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)

func singleQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
