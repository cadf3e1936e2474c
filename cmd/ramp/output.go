package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/goccy/go-yaml"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// print writes v as asked; table does it for people.
func (o *common) print(w io.Writer, v any, table func(io.Writer)) error {
	switch o.output {
	case "table":
		table(w)
		return nil
	case "yaml":
		// Through JSON, so that both have the same names.
		b, err := json.Marshal(v)
		if err == nil {
			b, err = yaml.JSONToYAML(b)
		}
		if err != nil {
			return err
		}
		_, err = w.Write(b)
		return err
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

func columns(w io.Writer, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(t, strings.TrimRight(strings.Join(r, "\t"), "\t"))
	}
	t.Flush()
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// at is a time in the reader's zone.
func at(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05 MST") }

// clean keeps what others wrote from moving the reader's cursor.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f || (r >= 0x80 && r < 0xa0) || (r >= 0x202a && r <= 0x202e) || (r >= 0x2066 && r <= 0x2069) {
			return '·'
		}
		return r
	}, s)
}

// ends says how it stands with the end.
func ends(r access.Request) string {
	switch {
	case r.EndedAt != nil:
		return string(r.Outcome)
	case r.ExpiresAt == nil:
		return ""
	case time.Until(*r.ExpiresAt) > 0:
		return access.Duration(time.Until(*r.ExpiresAt).Round(time.Second)).String() + " left"
	}
	return "over"
}

func requestTable(items []access.Request) func(io.Writer) {
	return func(w io.Writer) {
		if len(items) == 0 {
			fmt.Fprintln(w, "No requests. `ramp catalog` shows what you can ask for.")
			return
		}
		rows := [][]string{{"REQUEST", "STATE", "CONTRACT", "WHO", "FOR", "END", "REASON"}}
		for _, r := range items {
			state := string(r.State)
			if r.Overdue {
				state += " (overdue)"
			}
			rows = append(rows, []string{r.ID, state, r.Contract, clean(r.Requester.ID), r.Plan.Duration.String(), ends(r), clean(access.Clip(r.Plan.Reason, 48))})
		}
		columns(w, rows)
	}
}

func catalogTable(items []contracts.Offer) func(io.Writer) {
	return func(w io.Writer) {
		if len(items) == 0 {
			fmt.Fprintln(w, "No contract lets you ask for anything that matches.")
			return
		}
		rows := [][]string{{"CONTRACT", "TARGETS", "FOR", "AT MOST", "APPROVED BY", "DESCRIPTION"}}
		for _, o := range items {
			rows = append(rows, []string{o.Contract, strings.Join(o.Targets, ","), o.Duration.Default.String(), o.Duration.Max.String(), approval(o), access.Clip(o.Description, 70)})
		}
		columns(w, rows)
	}
}

func approval(o contracts.Offer) string {
	var parts []string
	if o.Approval.Automatic {
		parts = append(parts, "contract")
	}
	for _, s := range o.Approval.Stages {
		parts = append(parts, fmt.Sprintf("%d×%s", s.Approvals, strings.Join(s.From, "/")))
	}
	return strings.Join(parts, "+")
}

// detail shows one request whole.
func detail(r access.Request) func(io.Writer) {
	return func(w io.Writer) {
		rows := [][]string{{"Request", r.ID}, {"State", string(r.State) + suffix(ends(r))}, {"Contract", r.Contract + " (version " + shortDigest(r.Plan.ContractVersion) + ")"},
			{"Requester", clean(r.Requester.Label()) + " (" + clean(r.Requester.ID) + ")"}, {"Reason", clean(r.Plan.Reason)}}
		if r.Plan.Ticket != "" {
			rows = append(rows, []string{"Ticket", clean(r.Plan.Ticket)})
		}
		rows = append(rows, []string{"Duration", r.Plan.Duration.String()})
		for _, g := range r.Plan.Grants {
			rows = append(rows, []string{"Grant", g.Target + ": " + clean(g.Scope.Summary)})
		}
		for _, t := range []struct {
			name string
			at   *time.Time
		}{{"Open since", r.ActiveAt}, {"Ends", r.ExpiresAt}, {"Proven gone", r.EndedAt}} {
			if t.at != nil {
				rows = append(rows, []string{t.name, at(*t.at)})
			}
		}
		if r.State == access.StatePending {
			rows = append(rows, []string{"Decide until", at(r.Plan.PendingUntil)})
		}
		for _, s := range r.Stages {
			line := fmt.Sprintf("%s: %d of %d from %s", s.Name, len(s.Approved), s.Approvals, strings.Join(s.From, ", "))
			if len(s.Approved) > 0 {
				line += " (" + clean(strings.Join(s.Approved, ", ")) + ")"
			}
			rows = append(rows, []string{"Approval", line})
		}
		if r.Problem != "" {
			rows = append(rows, []string{"Problem", clean(r.Problem)})
		}
		rows = append(rows, []string{"Plan digest", r.Plan.Digest})
		columns(w, rows)
		if len(r.Timeline) == 0 {
			return
		}
		fmt.Fprintln(w)
		rows = nil
		for _, e := range r.Timeline {
			rows = append(rows, []string{at(e.At), clean(e.Actor), clean(e.Phrase())})
		}
		columns(w, rows)
	}
}

func suffix(s string) string {
	if s == "" {
		return ""
	}
	return ", " + s
}

func shortDigest(d string) string {
	d = strings.TrimPrefix(d, "sha256:")
	return d[:min(12, len(d))]
}
