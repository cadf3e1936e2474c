package feed

import (
	"errors"

	"ramp.dev/ramp/access"
)

// untilGap returns the events of a page up to the first one that is missing. The
// page was read after a number, of a log that ends at last. If the first of all
// is missing, the error is of code CodeEvidence: Ramp numbers events without
// gaps, so somebody has removed one.
func untilGap(after, last int64, page []access.Event) ([]access.Event, error) {
	for i, e := range page {
		if e.Seq != after+1+int64(i) {
			page = page[:i]
			break
		}
	}
	if len(page) == 0 && after < last {
		return nil, access.Errorf(access.CodeEvidence, "%w: event %d is missing, and the log ends at %d", errGap, after+1, last)
	}
	return page, nil
}

var errGap = errors.New("the log has a gap")

// IsGap reports whether an error says that the log has a gap.
func IsGap(err error) bool { return errors.Is(err, errGap) }
