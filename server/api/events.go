package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/server/auth"
)

const (
	eventsFor  = 15 * time.Minute // then the client connects again, and is identified again; sooner when its proof ends
	maxStreams = 10               // that one person may have open on one server
)

// events streams what happens, as far as this person may see it, as server-sent
// events without a name: the data says the kind. The stream begins after
// Last-Event-ID (which browsers send by themselves) or ?after=, or now. When it
// ends, for whatever reason, the client connects again after its last event.
func (a *API) events(c echo.Context) error {
	after, err := a.startOf(c)
	if err != nil {
		return err
	}
	close, err := a.streams.open(auth.Person(c).ID)
	if err != nil {
		return err
	}
	defer close()
	w := c.Response()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	ctx, cancel := context.WithDeadline(c.Request().Context(), endOfStream(c))
	defer cancel()
	person := func(ctx context.Context) (access.Person, error) { return a.auth.StillKnown(ctx, c) }
	control := http.NewResponseController(w)
	stream := a.app.FollowEvents(after)
	for list := []access.Event(nil); ; {
		// The server's write timeout is for ordinary responses; this one goes on.
		_ = control.SetWriteDeadline(time.Now().Add(a.KeepAlive))
		if err := writeEvents(w, list, stream.Gap(), stream.After()); err != nil || control.Flush() != nil {
			return nil
		}
		wait, stop := context.WithTimeout(ctx, a.KeepAlive)
		list, err = stream.Next(wait, person)
		stop()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			_, err = person(ctx) // nothing happened; a person who has left does not stay connected
		}
		if err != nil {
			return nil // the response has begun, so that there is no other way to say it
		}
	}
}

func endOfStream(c echo.Context) time.Time {
	end := time.Now().Add(eventsFor)
	if proof := auth.IdentityExpiry(c); proof.Before(end) {
		return proof
	}
	return end
}

// writeEvents writes events, and then the number up to which the client has
// seen all that it may see: it comes again from there. Events that are missing from
// the log are told by an event named gap.
func writeEvents(w http.ResponseWriter, list []access.Event, gap *feed.Gap, after int64) error {
	if gap != nil {
		b, err := json.Marshal(gap)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "event: gap\nid: %d\ndata: %s\n\n", gap.To, b)
	}
	for _, e := range list {
		b, err := json.Marshal(e)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "id: %d\ndata: %s\n\n", e.Seq, b)
	}
	_, err := fmt.Fprintf(w, ": connected\nid: %d\n\n", after)
	return err
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

// streams counts the open streams of each person.
type streams struct {
	mu   sync.Mutex
	each map[string]int
}

// open counts one more stream until close is called; for more than maxStreams
// it is CodeThrottled.
func (s *streams) open(person string) (close func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.each[person] >= maxStreams {
		return nil, access.Refuse(access.CodeThrottled, "too_many_streams",
			"you have %d event streams open, and may have %d; close some first", s.each[person], maxStreams)
	}
	if s.each == nil {
		s.each = map[string]int{}
	}
	s.each[person]++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.each[person]--; s.each[person] == 0 {
			delete(s.each, person)
		}
	}, nil
}
