package pages

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/server/problem"
)

const auditPath = "/audit"

// auditPage is one page of a search, through requests or through events.
type auditPage struct {
	Events   bool              // of events; else of requests
	Typed    map[string]string // what is searched for, by field
	Narrowed bool              // something is
	Refused  string            // why nothing was searched for
	Requests []access.Request
	Entries  []ledger.Entry
	NextURL  string // earlier ones; "" where there are none
	Export   string // the address of the export without its format

	Kinds              []access.EventKind
	Outcomes           []string
	Contracts, Targets []string // to choose from; others may be typed
	Keys               []app.LogKey
}

// auditPageSize is how many rows a page has: proofs of all of them are fetched at once.
const auditPageSize = 50

func (p *Pages) audit(c echo.Context) (any, error) {
	out := auditPage{Events: c.QueryParam("show") == "events", Typed: map[string]string{}, Keys: p.app.LogKeys(), Kinds: access.EventKinds(), Outcomes: app.Outcomes()}
	fields := []string{"person", "contract", "target", "outcome", "since", "until"}
	if out.Events {
		fields = []string{"actor", "kind", "request", "since", "until"}
	}
	q := url.Values{}
	for _, name := range fields {
		text := strings.TrimSpace(c.QueryParam(name))
		if out.Typed[name] = text; text != "" {
			out.Narrowed = true
			q.Set(name, text)
		}
	}
	next, err := p.search(c, &out, q)
	if access.CodeOf(err) == access.CodeInvalid {
		out.Refused = problem.From(err).Detail
	} else if err != nil {
		return nil, err
	}
	// What there is to choose from is a comfort: an error leaves the fields as they are.
	if status, err := p.app.ContractsStatus(c.Request().Context(), auth.Actor(c)); err == nil {
		for _, one := range status.InForce {
			if one.Kind != "Base" {
				out.Contracts, out.Targets = append(out.Contracts, one.Name), append(out.Targets, one.Targets...)
			}
		}
		slices.Sort(out.Targets)
		out.Targets = slices.Compact(out.Targets)
	}
	out.Export = "/api/v1/audit/requests/export?" + q.Encode()
	if out.Events {
		out.Export = "/api/v1/audit/export?" + q.Encode()
		q.Set("show", "events")
	}
	if next != "" {
		q.Set("cursor", next)
		out.NextURL = auditPath + "?" + q.Encode()
	}
	return out, nil
}

// search reads one page of what is searched for. It writes the times into q as the API
// reads them.
func (p *Pages) search(c echo.Context, out *auditPage, q url.Values) (next string, err error) {
	var times [2]time.Time
	for i, name := range []string{"since", "until"} {
		if out.Typed[name] == "" {
			continue
		}
		if times[i], err = parseStart(out.Typed[name]); err != nil {
			return "", access.InvalidField("time_malformed", name, "a time is written like 2026-01-31T14:00, in UTC")
		}
		q.Set(name, times[i].Format(time.RFC3339))
		out.Typed[name] = times[i].Format("2006-01-02T15:04")
	}
	ctx, by := c.Request().Context(), auth.Actor(c)
	if out.Events {
		out.Entries, next, err = p.app.Audit(ctx, by, ledger.EventSearch{Actor: out.Typed["actor"], Kind: access.EventKind(out.Typed["kind"]), Request: out.Typed["request"],
			Since: times[0], Until: times[1], Cursor: c.QueryParam("cursor"), Limit: auditPageSize})
		return next, err
	}
	out.Requests, next, err = p.app.AuditRequests(ctx, by, ledger.RequestSearch{Person: out.Typed["person"], Contract: out.Typed["contract"], Target: out.Typed["target"], Outcome: out.Typed["outcome"],
		Since: times[0], Until: times[1], Cursor: c.QueryParam("cursor"), Limit: auditPageSize})
	return next, err
}

// auditRequestPage shows the evidence of one request: what the server finds signed apart
// from what it does not. That events are in the log the reader's browser verifies.
type auditRequestPage struct {
	app.AuditedEvidence
	ID       string
	Entries  []ledger.Entry
	Manifest access.Manifest
	Log      evidence.Checkpoint
	Keys     []app.LogKey
}

func (p *Pages) auditRequest(c echo.Context) (any, error) {
	e, err := p.app.AuditEvidence(c.Request().Context(), auth.Actor(c), c.Param("id"))
	if err != nil {
		return nil, err
	}
	out := auditRequestPage{AuditedEvidence: e, ID: e.Pack.RequestID, Keys: p.app.LogKeys()}
	if out.Manifest, err = evidence.ReadManifest(e.Pack.Manifest); err != nil {
		return nil, err
	}
	if out.Log, err = evidence.ReadCheckpoint(e.Pack.Checkpoint); err != nil {
		return nil, err
	}
	for _, logged := range e.Pack.Events {
		out.Entries = append(out.Entries, ledger.Entry{Leaf: logged.Leaf, Event: logged.Event})
	}
	return out, nil
}
