package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/problem"
)

// readyTimeout bounds the pings; what takes longer is not ready.
const readyTimeout = 3 * time.Second

// dependency is something the server needs before it can serve.
type dependency struct {
	name string
	ping func(context.Context) error
}

// pingAtMostEvery keeps callers of a page that is open to anybody from having the
// ledger written, and Temporal and the identity provider asked, as often as they like.
const pingAtMostEvery = 2 * time.Second

// seldom returns a ping that remembers its result for a moment. It does not end with
// its caller: somebody who asks and goes away would have everybody told that nothing
// responds.
func seldom(ping func(context.Context) error) func(context.Context) error {
	var mu sync.Mutex
	var at time.Time
	var last error
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if at.IsZero() || time.Since(at) > pingAtMostEvery {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
			defer cancel()
			last, at = ping(ctx), time.Now()
		}
		return last
	}
}

type readiness struct {
	Ready    bool              `json:"ready"`
	NotReady map[string]string `json:"notReady,omitempty"` // why, by name
}

// ready pings every dependency at once and names those that are not ready; of
// their errors, only Ramp's own text: the page is open to anybody.
func (s *Server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	out := readiness{Ready: true, NotReady: map[string]string{}}
	for _, p := range s.dependencies {
		wg.Go(func() {
			err := p.ping(ctx)
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			out.Ready, out.NotReady[p.name] = false, why(err)
		})
	}
	wg.Wait()
	status := http.StatusOK
	if !out.Ready {
		status = http.StatusServiceUnavailable
	}
	return c.JSON(status, out)
}

func why(err error) string {
	if access.CodeOf(err) == access.CodeInternal {
		return "it cannot be reached"
	}
	return problem.From(err).Detail
}
