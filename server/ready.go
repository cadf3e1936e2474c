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

// readyWithin bounds the looking; a part that takes longer is not ready.
const readyWithin = 3 * time.Second

// part is something the server needs before it can serve.
type part struct {
	name  string
	check func(context.Context) error
}

type readiness struct {
	Ready    bool              `json:"ready"`
	NotReady map[string]string `json:"notReady,omitempty"` // what, and why
}

// ready asks every part at once and names those that are not ready. Why is
// told in Ramp's words only: the page is open to anybody.
func (s *Server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyWithin)
	defer cancel()
	var mu sync.Mutex
	var wg sync.WaitGroup
	out := readiness{Ready: true, NotReady: map[string]string{}}
	for _, p := range s.parts {
		wg.Go(func() {
			err := p.check(ctx)
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
		return "it does not answer"
	}
	return problem.From(err).Detail
}
