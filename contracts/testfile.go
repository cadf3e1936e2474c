package contracts

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictyaml"
)

// testFile is a file of tests beside contracts, as it is written.
type testFile struct {
	Tests []testCase `yaml:"tests"`
}

type testCase struct {
	Name        string          `yaml:"name"`
	Contract    string          `yaml:"contract"`
	Person      testPerson      `yaml:"person"`
	Request     testRequest     `yaml:"request"`
	History     []testUse       `yaml:"history"`
	OpenInAll   number          `yaml:"openInAll"`
	Facts       []testFact      `yaml:"facts"`
	Inventories []testInventory `yaml:"inventories"`
	At          string          `yaml:"at"`
	Decisions   []testDecision  `yaml:"decisions"`
	Later       []testMoment    `yaml:"later"`
	Expect      testExpectation `yaml:"expect"`
}

type testPerson struct {
	ID         string            `yaml:"id"`
	Name       string            `yaml:"name"`
	Email      string            `yaml:"email"`
	Kind       string            `yaml:"kind"`
	OnBehalfOf string            `yaml:"onBehalfOf"`
	Groups     []string          `yaml:"groups"`
	Attributes map[string]string `yaml:"attributes"`
}

type testRequest struct {
	Params     map[string]any `yaml:"params"`
	Duration   string         `yaml:"duration"`
	Reason     string         `yaml:"reason"`
	Ticket     string         `yaml:"ticket"`
	StartAt    string         `yaml:"startAt"`
	BreakGlass bool           `yaml:"breakGlass"`

	InNextWindow bool `yaml:"inNextWindow"`
}

type testExpectation struct {
	Refused   []string `yaml:"refused"`
	Automatic bool     `yaml:"automatic"`
	Stages    []string `yaml:"stages"`
	Duration  string   `yaml:"duration"`
	Decided   string   `yaml:"decided"` // what the decisions amount to
	Lasts     string   `yaml:"lasts"`   // how long access is open
	Because   string   `yaml:"because"` // why it ends early; empty: it does not
}

// parsedTest is a test that can be run.
type parsedTest struct {
	name, place string
	contract    *Contract
	input       Input
	decisions   []access.Decision // without request and plan
	later       []moment
	expect      testExpectation
}

// parseTests reads a file of tests as strictly as contracts are read.
func parseTests(set *Set, name string, b []byte) ([]parsedTest, []access.Issue) {
	bodies, err := strictyaml.Parse(b)
	if err != nil {
		return nil, []access.Issue{parseIssue(name, err)}
	}
	var out []parsedTest
	var issues []access.Issue
	for _, body := range bodies {
		d := &document{file: name, body: body}
		var file testFile
		d.reportUnknownFields(reflect.TypeOf(file))
		d.requireLiteral(body, reflect.TypeOf(file), false)
		if err := yaml.NodeToValue(body, &file); err != nil {
			message, line, column := strictyaml.ErrorAt(err)
			d.issueAt(line, column, "yaml", message)
		}
		for i, c := range file.Tests {
			out = append(out, c.parse(d, set, i))
		}
		issues = append(issues, d.inOrder()...)
	}
	return out, issues
}

func (c testCase) parse(d *document, set *Set, i int) parsedTest {
	t := parsedTest{name: c.Name, place: d.at("tests", i, "name"), expect: c.Expect}
	if strings.TrimSpace(c.Name) == "" {
		d.issue("test_name", "a test needs a name that says what it is about", "tests", i, "name")
	}
	var known bool
	if t.contract, known = set.Find(c.Contract); !known {
		message := fmt.Sprintf("there is no contract %q", access.Clip(c.Contract, 60))
		if near := Nearest(c.Contract, set.Names()); near != "" {
			message += fmt.Sprintf("; did you mean %q?", near)
		}
		d.issue("unknown_contract", message, "tests", i, "contract")
	}
	t.input.Person = c.Person.person()
	t.input.Request = access.RequestInput{Contract: c.Contract, Params: c.Request.Params, Duration: c.Request.Duration, Reason: c.Request.Reason, Ticket: c.Request.Ticket, BreakGlass: c.Request.BreakGlass, InNextWindow: c.Request.InNextWindow}
	t.input.Now = d.instant(c.At, "tests", i, "at")
	if c.Request.StartAt != "" {
		t.input.Request.StartAt = new(d.instant(c.Request.StartAt, "tests", i, "request", "startAt"))
	}
	if known {
		t.input = t.contract.planned(t.input, t.input.Now)
	}
	t.input.History = &access.History{Uses: []access.Use{}, OpenInAll: int(c.OpenInAll)}
	for n, use := range c.History {
		u := use.parse(d, t.input.Now, i, n)
		t.input.History.Uses = append(t.input.History.Uses, u)
		if use.Unreviewed {
			t.input.History.Unreviewed = append(t.input.History.Unreviewed, u.RequestID)
		}
	}
	for n, fact := range c.Facts {
		t.input.Facts = append(t.input.Facts, fact.parse(d, t.contract, t.input.Now, "tests", i, "facts", n))
	}
	for n, has := range c.Inventories {
		t.input.Inventories = append(t.input.Inventories, has.parse(d, t.input.Now, i, n))
	}
	for n, said := range c.Decisions {
		decision := said.parse(d, t.input.Now, i, n)
		decision.OnCall = askedAt(t.input.Facts, decision.At)
		t.decisions = append(t.decisions, decision)
	}
	t.later = c.parseLater(d, t, i)
	c.Expect.check(d, i)
	if c.Expect.Decided == "" && len(c.Decisions) > 0 {
		d.issue("test_decided", "the test has decisions, so expect what they amount to: decided: satisfied, denied or undecided", "tests", i, "expect")
	}
	return t
}

// person returns the person of a test; a human unless it says otherwise.
func (p testPerson) person() access.Person {
	kind := access.PersonKind(p.Kind)
	if kind == "" {
		kind = access.KindHuman
	}
	return access.Person{ID: p.ID, Name: p.Name, Email: p.Email, EmailVerified: p.Email != "", Kind: kind, OnBehalfOf: p.OnBehalfOf, Groups: p.Groups, Attributes: p.Attributes}
}

// instant reads a time; a test names it, so that it says the same on every day.
func (d *document) instant(text string, path ...any) time.Time {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		d.issue("test_time", fmt.Sprintf("%q is no time; write it like '2026-01-31T14:00:00Z'", access.Clip(text, 40)), path...)
	}
	return at.UTC()
}

func (e testExpectation) check(d *document, i int) {
	ways := 0
	for _, written := range []bool{len(e.Refused) > 0, e.Automatic, len(e.Stages) > 0} {
		if written {
			ways++
		}
	}
	if ways != 1 {
		d.issue("test_expect", "expect one of refused (codes), automatic: true, and stages (names)", "tests", i, "expect")
	}
	for n, code := range e.Refused {
		if _, known := refusals[code]; !known {
			message := fmt.Sprintf("no contract refuses with %q", access.Clip(code, 40))
			if near := strictyaml.Nearest(code, maps.Keys(refusals)); near != "" {
				message += fmt.Sprintf("; did you mean %q?", near)
			}
			d.issue("test_refused", message, "tests", i, "expect", "refused", n)
		}
	}
	if e.Decided != "" && (len(e.Refused) > 0 || !slices.Contains(decidedWords, e.Decided)) {
		d.issue("test_decided", "decided is satisfied, denied or undecided, of what is not refused", "tests", i, "expect", "decided")
	}
	e.checkLasts(d, i)
	if e.Duration != "" {
		d.length(e.Duration, "tests", i, "expect", "duration")
		if len(e.Refused) > 0 {
			d.issue("test_expect", "what is refused has no duration", "tests", i, "expect", "duration")
		}
	}
}
