package review

import (
	"fmt"
	"slices"
	"strings"
)

// Remember adds to a report what the one before it found and what people said of it since:
// findings keep their marks and since when they have been found, and Changed says what
// became of the others. marks are by finding. last may be nil. Of a finding that was marked
// as fixed and is there again the mark stays, and Changed says so.
func (r *Report) Remember(last *Report, marks map[string]Mark) {
	r.Changed = []Changed{}
	for i := range r.Findings {
		f := &r.Findings[i]
		f.Since = r.Period.To
		if m, there := marks[f.ID]; there {
			f.Mark = &m
		}
	}
	if last == nil {
		return
	}
	now := map[string]*Finding{}
	for i := range r.Findings {
		now[r.Findings[i].ID] = &r.Findings[i]
	}
	for _, before := range last.Findings {
		f := now[before.ID]
		mark, marked := marks[before.ID]
		if f == nil {
			r.change(before, "gone", goneInWords(before, mark, marked))
			continue
		}
		if f.Since = before.Since; f.Since.IsZero() {
			f.Since = last.Period.To
		}
		switch {
		case marked && mark.Kind == Fixed && mark.At.Before(r.Period.From):
			r.change(before, "again", fmt.Sprintf("%s marked it as fixed before the period, and it is there again.", mark.By))
		case f.Score > before.Score*5/4:
			r.change(before, "higher", fmt.Sprintf("It has grown: its score was %g and is %g.", before.Score, f.Score))
		case f.Score < before.Score*4/5:
			r.change(before, "lower", fmt.Sprintf("It has become less: its score was %g and is %g.", before.Score, f.Score))
		}
	}
}

func goneInWords(f Finding, mark Mark, marked bool) string {
	switch {
	case marked && mark.Kind == Fixed:
		return fmt.Sprintf("%s marked it as fixed, and it is gone.", mark.By)
	case f.Proposal != nil:
		sentences := make([]string, 0, 1)
		for _, p := range f.Proposals() {
			sentences = append(sentences, p.Sentence)
		}
		return "It is gone; a change of the contract had been offered: " + strings.Join(sentences, " ")
	}
	return "It is gone."
}

func (r *Report) change(f Finding, became, sentence string) {
	r.Changed = append(r.Changed, Changed{Finding: f.ID, Kind: f.Kind, Contract: f.Contract, Owner: f.Owner, Became: became, Sentence: sentence})
}

// For returns what the owner of some contracts may see of a report: the findings on their
// contracts, and the figures of these alone. Who else held access is not theirs to read.
func (r Report) For(owners ...string) Report {
	out := r
	out.Figures, out.Findings, out.Owners, out.Changed = newTally().figures(), []Finding{}, []OwnerPart{}, []Changed{}
	out.Weeks, out.Heat, out.Spans = []Week{}, []Held{}, []Span{}
	out.Unknown = append([]string{}, r.UnknownToOwners...)
	var contracts []string
	for _, part := range r.Owners {
		if !slices.Contains(owners, part.Owner) {
			continue
		}
		out.Owners = append(out.Owners, part)
		for _, u := range part.Uses {
			contracts = append(contracts, u.Contract)
		}
	}
	if len(out.Owners) == 1 {
		out.Figures = out.Owners[0].Figures
	}
	for _, f := range r.Findings {
		if f.Owner != "" && slices.Contains(owners, f.Owner) {
			out.Findings = append(out.Findings, f)
		}
	}
	for _, c := range r.Changed {
		if c.Owner != "" && slices.Contains(owners, c.Owner) {
			out.Changed = append(out.Changed, c)
		}
	}
	for _, s := range r.Spans {
		if slices.Contains(contracts, s.Contract) {
			out.Spans = append(out.Spans, s)
		}
	}
	return out
}

// Find returns a finding by its id.
func (r Report) Find(id string) (Finding, bool) {
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.ID == id })
	if i < 0 {
		return Finding{}, false
	}
	return r.Findings[i], true
}
