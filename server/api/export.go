package api

import (
	"encoding/csv"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

// maxExport bounds an export, which is made in memory: a file that ended early would
// look whole. `ramp audit export` has no bound.
const maxExport = 20_000

// all reads every page of a search. Errors are CodeInvalid for more than maxExport.
func all[T any](read func(cursor string) ([]T, string, error)) ([]T, error) {
	out := []T{}
	for cursor := ""; ; {
		items, next, err := read(cursor)
		if err != nil {
			return nil, err
		}
		if out = append(out, items...); len(out) > maxExport || len(out) == maxExport && next != "" {
			return nil, access.InvalidField("export_too_large", "since", "there are more than %d; narrow the search, or use `ramp audit export`, which has no limit", maxExport)
		}
		if cursor = next; cursor == "" {
			return out, nil
		}
	}
}

// exportEvents writes everything that a search through the log finds.
func (a *API) exportEvents(c echo.Context) error {
	f, err := eventSearch(c)
	if err != nil {
		return err
	}
	write, err := exportFormat(c, "ramp-events")
	if err != nil {
		return err
	}
	f.Limit = 1000
	items, err := all(func(cursor string) ([]ledger.Entry, string, error) {
		f.Cursor = cursor
		return a.app.Audit(c.Request().Context(), actor(c), f)
	})
	if err != nil {
		return err
	}
	return write(items, []string{"leaf", "at", "kind", "actor", "request", "message", "detail"}, func(row func(...string)) {
		for _, e := range items {
			row(strconv.FormatInt(e.Leaf, 10), access.FormatTime(e.At), string(e.Kind), e.Actor, e.RequestID, said(e), details(e.Detail))
		}
	})
}

// exportRequests writes everything that a search through requests finds.
func (a *API) exportRequests(c echo.Context) error {
	f, err := requestSearch(c)
	if err != nil {
		return err
	}
	write, err := exportFormat(c, "ramp-requests")
	if err != nil {
		return err
	}
	f.Limit = 200
	items, err := all(func(cursor string) ([]access.Request, string, error) {
		f.Cursor = cursor
		return a.app.AuditRequests(c.Request().Context(), actor(c), f)
	})
	if err != nil {
		return err
	}
	return write(items, []string{"request", "asked", "requester", "human", "contract", "targets", "reason", "state", "outcome", "active", "ended", "approvers", "break glass", "altered"}, func(row func(...string)) {
		for _, r := range items {
			row(requestCells(r)...)
		}
	})
}

// said is an event's message, or that it was dropped.
func said(e ledger.Entry) string {
	if e.Dropped != nil {
		return e.Dropped.Words()
	}
	return e.Message
}

func requestCells(r access.Request) []string {
	var targets, approvers []string
	for _, g := range r.Plan.Grants {
		targets = append(targets, g.Target)
	}
	for _, d := range r.Decisions {
		if d.Verdict == access.Approve {
			approvers = append(approvers, d.Approver.ID)
		}
	}
	active, ended, glass := "", "", ""
	if r.ActiveAt != nil {
		active = access.FormatTime(*r.ActiveAt)
	}
	if r.EndedAt != nil {
		ended = access.FormatTime(*r.EndedAt)
	}
	if r.Plan.BreakGlass != nil {
		glass = "yes"
	}
	reason := r.Plan.Reason
	if r.Dropped != nil {
		reason = r.Dropped.Words()
	}
	return []string{r.ID, access.FormatTime(r.CreatedAt), r.Requester.ID, r.Requester.HumanID(), r.Contract, strings.Join(targets, " "), reason,
		string(r.State), string(r.Outcome), active, ended, strings.Join(approvers, " "), glass, strings.Join(r.Altered, "; ")}
}

// exportFormat reads which format is asked for, and returns what writes it, as a file
// that browsers save.
func exportFormat(c echo.Context, name string) (write func(items any, header []string, rows func(row func(...string))) error, err error) {
	attach := func(contentType, extension string) {
		c.Response().Header().Set(echo.HeaderContentType, contentType)
		c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+extension+`"`)
		c.Response().WriteHeader(http.StatusOK)
	}
	switch c.QueryParam("format") {
	case "", "csv":
		return func(_ any, header []string, rows func(func(...string))) error {
			attach("text/csv; charset=utf-8", ".csv")
			w := csv.NewWriter(c.Response())
			_ = w.Write(header) // Flush keeps the first error
			rows(func(cells ...string) {
				for i := range cells {
					cells[i] = cell(cells[i])
				}
				_ = w.Write(cells)
			})
			w.Flush()
			return w.Error()
		}, nil
	case "json":
		return func(items any, _ []string, _ func(func(...string))) error {
			attach(echo.MIMEApplicationJSON, ".json")
			return json.NewEncoder(c.Response()).Encode(map[string]any{"items": items})
		}, nil
	}
	return nil, access.InvalidField("unknown_format", "format", "a format is csv or json")
}

// formula finds where a text would be a formula in a spreadsheet: at its beginning, and
// behind what some spreadsheets end a cell with. Whether a semicolon ends one is a matter of
// the reader's country, so quotes around the cell are no help. What is not seen, and quotes,
// may stand before it; the last four characters are those of full width.
var formula = regexp.MustCompile(`(^|[;\t\r\n])([\p{Z}\p{Cf}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}"]*[=+\-@＝＋－＠])`)

// cell returns a text as a cell that no spreadsheet takes for a formula: people write
// reasons, and an auditor's spreadsheet would run them (OWASP, CSV injection). The
// apostrophe is not shown by spreadsheets at the beginning of a cell; the JSON export has
// the exact text.
func cell(s string) string {
	s = formula.ReplaceAllString(s, "$1'$2")
	if s != "" && strings.ContainsRune("\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}

// details are an event's details in one cell, by name.
func details(d map[string]string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(d)) {
		out = append(out, name+"="+d[name])
	}
	return strings.Join(out, "; ")
}
