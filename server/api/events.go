package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

const (
	eventsEvery = 500 * time.Millisecond // how often the ledger is looked at
	keepAlive   = 15 * time.Second       // silence after which proxies are told that the line lives
	eventsFor   = 15 * time.Minute       // then the client connects again, and is identified again; sooner when its proof ends
)

// events streams what happens, as far as this person may see it. It begins
// after Last-Event-ID (which browsers send by themselves) or ?after=, or now.
func (a *API) events(c echo.Context) error {
	ctx, p := c.Request().Context(), auth.Person(c)
	after, err := a.startOf(c)
	if err != nil {
		return err
	}
	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	until := time.Now().Add(eventsFor)
	if proof := auth.IdentityExpiry(c); proof.Before(until) {
		until = proof
	}
	tick := time.NewTicker(eventsEvery)
	defer tick.Stop()
	quiet := time.Now()
	for began := time.Now(); time.Now().Before(until); {
		// Whoever leaves, or loses a group, hears no more from that moment.
		p, err := a.auth.Refresh(ctx, p)
		if err != nil {
			return nil
		}
		list, next, err := a.app.Events(ctx, p, after)
		if err != nil {
			return nil // the answer has begun; the client comes again from where it was
		}
		after = next
		// The server's write timeout is for answers; this one goes on.
		_ = control.SetWriteDeadline(time.Now().Add(keepAlive))
		for _, e := range list {
			b, err := json.Marshal(e)
			if err != nil {
				return nil
			}
			fmt.Fprintf(w, "id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Kind, b)
		}
		if len(list) > 0 || time.Since(quiet) > keepAlive || time.Since(began) < eventsEvery {
			fmt.Fprint(w, ": on\n\n")
			quiet = time.Now()
			if control.Flush() != nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

func (a *API) startOf(c echo.Context) (int64, error) {
	s := c.Request().Header.Get("Last-Event-ID")
	if s == "" {
		s = c.QueryParam("after")
	}
	if s == "" {
		return a.app.LastEvent(c.Request().Context())
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, access.Invalid(access.Issue{Code: "event_id_malformed", Field: "after", Message: "this is not an event's number"})
	}
	return n, nil
}
