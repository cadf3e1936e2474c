package server

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// wholeReview is a review in which every field holds something.
func wholeReview(now time.Time) review.Report {
	at, hour := now.UTC().Truncate(time.Microsecond), access.Duration(time.Hour)
	spread := review.Spread{Count: 3, Median: hour, P90: hour, Most: 2 * hour}
	figures := review.Figures{Requests: 3, People: 2, ByState: map[string]int{"ended": 3}, Outcomes: map[string]int{"expired": 3}, ToDecide: spread, ToAccess: spread, Open: spread, Hours: 3.5, Used: 0.25, UsedOf: 2}
	alice := review.Person{ID: "alice", Name: "Alice", Kind: access.KindHuman, Agent: "alice-agent", Team: "data", Groups: []string{"engineering"}, Attributes: map[string]string{"team": "data"}}
	proposal := review.Proposal{Contract: "ssh-demo", Version: "sha256:1", Change: review.LowerMaximum, Field: "duration.max", Stage: "leads", From: "8h", To: "1h", Sentence: "Lower it.", Patch: "--- a\n+++ b\n",
		Effects: []string{"lower"}, Tried: 40, Otherwise: 1, Changed: []string{"one"}, Problem: "none"}
	return review.Report{
		Period: review.Period{From: at.Add(-28 * 24 * time.Hour), To: at, Zone: time.UTC}, Zone: "UTC", MadeAt: at, LogSize: 40, Figures: figures,
		Findings: []review.Finding{{ID: "0123456789abcdef", Kind: review.MaxTooLong, Subject: "ssh-demo", Contract: "ssh-demo", Owner: "approvers", People: []string{"alice"}, Score: 1.5,
			Sentence: "It gives more than is used.", Evidence: []int64{4, 9}, More: 3, Requests: []string{"abcdefghijklmnop"}, Since: at,
			Mark:     &review.Mark{Kind: review.Accepted, By: "carol", Reason: "for the migration", At: at, Event: 7},
			Proposal: &proposal, Others: []*review.Proposal{&proposal}}},
		Owners:  []review.OwnerPart{{Owner: "approvers", Figures: figures, Findings: []string{"0123456789abcdef"}, Uses: []review.ContractUses{{Contract: "ssh-demo", Figures: figures}}}},
		Weeks:   []review.Week{{From: at.Add(-7 * 24 * time.Hour), States: map[string]int{"ended": 3}, ToAccess: spread}},
		Heat:    []review.Held{{Person: alice, Hours: [7]float64{1, 2, 3, 4, 5, 6, 7}, Share: 0.1}},
		Spans:   []review.Span{{Request: "abcdefghijklmnop", Person: "alice", Contract: "ssh-demo", From: at.Add(-time.Hour), To: at, Open: true}},
		Unknown: []string{"something"}, UnknownToOwners: []string{"something"},
		Changed: []review.Changed{{Finding: "1123456789abcdef", Kind: review.Denials, Contract: "ssh-demo", Owner: "approvers", Became: "gone", Sentence: "It is gone."}},
	}
}

// whole fails where a field of a value holds nothing: a field that is new must be in the
// whole review, and so in what the document is held against.
func whole(t *testing.T, at string, v reflect.Value) {
	t.Helper()
	switch v.Kind() {
	case reflect.Pointer:
		require.False(t, v.IsNil(), at)
		whole(t, at, v.Elem())
	case reflect.Slice:
		require.Positive(t, v.Len(), at)
		whole(t, at+"[0]", v.Index(0))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() || v.Type() == reflect.TypeFor[time.Location]() {
			return
		}
		for i := range v.NumField() {
			whole(t, at+"."+v.Type().Field(i).Name, v.Field(i))
		}
	default:
		require.False(t, v.IsZero(), at)
	}
}

// TestReviewIsAsDocumented: the document describes every field of a review, and none that is
// not there.
func TestReviewIsAsDocumented(t *testing.T) {
	f := newFixture(t)
	made := wholeReview(time.Now().Add(-time.Minute))
	whole(t, "Report", reflect.ValueOf(made))
	f.keep(made)
	doc, v := f.document()
	for _, c := range []struct{ who, method, path, body string }{
		{"carol", "GET", "/api/v1/review", ""},
		{"bob", "GET", "/api/v1/review", ""},
		{"carol", "POST", "/api/v1/findings/0123456789abcdef/mark", `{"mark":"dismissed","reason":"she was on call for it"}`},
		{"carol", "GET", "/api/v1/review", ""},
	} {
		contentType := ""
		if c.method == "POST" {
			contentType = jsonType
		}
		w := f.call(f.token(c.who), c.method, c.path, contentType, c.body)
		require.Equal(t, http.StatusOK, w.Code, "%s", w.Body)
		valid, problems := v.ValidateHttpResponse(httptest.NewRequest(c.method, "http://ramp.test"+c.path, nil), w.Result())
		for _, p := range problems {
			t.Error(p.Message, p.Reason, p.SchemaValidationErrors)
		}
		require.True(t, valid)
	}

	model, err := doc.BuildV3Model()
	require.NoError(t, err)
	schemas := model.Model.Components.Schemas
	enum := func(schema, property string) (out []string) {
		of := schemas.GetOrZero(schema).Schema()
		if property != "" {
			of = of.Properties.GetOrZero(property).Schema()
		}
		for _, n := range of.Enum {
			out = append(out, n.Value)
		}
		slices.Sort(out)
		return out
	}
	require.Equal(t, names(review.Kinds()), enum("FindingKind", ""))
	require.Equal(t, names([]review.Change{review.LowerMaximum, review.RemoveValue, review.RemoveGroup, review.CapAutomatic, review.AddApproval, review.RemoveWhole}), enum("FindingProposal", "change"))
	for name, value := range map[string]any{"WeeklyReview": made, "ReviewFigures": made.Figures, "ReviewSpread": made.Figures.ToDecide, "ReviewOwner": made.Owners[0], "ReviewWeek": made.Weeks[0],
		"ReviewHeld": made.Heat[0], "ReviewSpan": made.Spans[0], "ReviewChanged": made.Changed[0], "Finding": made.Findings[0], "FindingProposal": *made.Findings[0].Proposal} {
		var described, there, required, always []string
		of := schemas.GetOrZero(name).Schema()
		for property := range of.Properties.KeysFromOldest() {
			described = append(described, property)
		}
		required = append(required, of.Required...)
		for i := range reflect.TypeOf(value).NumField() {
			tag, options, _ := strings.Cut(reflect.TypeOf(value).Field(i).Tag.Get("json"), ",")
			there = append(there, tag)
			if !regexp.MustCompile(`omit`).MatchString(options) {
				always = append(always, tag)
			}
		}
		require.ElementsMatch(t, there, described, name)
		require.ElementsMatch(t, always, required, name)
	}
}

// names returns values as sorted texts.
func names[T ~string](all []T) (out []string) {
	for _, one := range all {
		out = append(out, fmt.Sprint(one))
	}
	slices.Sort(out)
	return out
}
