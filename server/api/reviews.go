package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/review"
)

// reviewEnd says that there is a review of a period.
type reviewEnd struct {
	Until time.Time `json:"until"`
}

// findingMark is what somebody says of a finding.
type findingMark struct {
	Mark   review.MarkKind `json:"mark"`
	Reason string          `json:"reason"`
}

// reviews lists the reviews that are kept.
func (a *API) reviews(c echo.Context) error {
	ends, err := a.app.ReviewEnds(c.Request().Context(), actor(c))
	if err != nil {
		return err
	}
	out := page[reviewEnd]{Items: []reviewEnd{}}
	for _, end := range ends {
		out.Items = append(out.Items, reviewEnd{end})
	}
	return c.JSON(http.StatusOK, out)
}

// aReview returns the newest review that is kept, the newest that ends at a time or before,
// or one that is made now of the time since another.
func (a *API) aReview(c echo.Context) error {
	since, err := timeParam(c, "since")
	if err != nil {
		return err
	}
	until, err := timeParam(c, "until")
	if err != nil {
		return err
	}
	var out review.Report
	switch {
	case !since.IsZero() && !until.IsZero():
		return access.InvalidField("since_and_until", "until", "say since, for a review that is made now, or until, for one that is kept")
	case !since.IsZero():
		out, err = a.app.MakeReview(c.Request().Context(), actor(c), since)
	case until.IsZero():
		out, err = a.app.KeptReview(c.Request().Context(), actor(c), time.Now())
	default:
		out, err = a.app.KeptReview(c.Request().Context(), actor(c), until)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, out)
}

func (a *API) markFinding(c echo.Context) error {
	var in findingMark
	if err := read(c, &in, false); err != nil {
		return err
	}
	f, err := a.app.MarkFinding(c.Request().Context(), actor(c), c.Param("id"), in.Mark, in.Reason)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, f)
}
