package integrations

import "time"

// Earlier returns the earlier of two times. The zero time is the earliest.
func Earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// EndDrift returns the difference between the end that an object has on the target
// and the one that was granted, for DriftDetector.Drift: none if the object ends no
// later, since the end may be the one before an extension that is on its way. What
// begins the sentence, such as "it ends at".
func EndDrift(what string, has, granted time.Time) []string {
	if !has.After(granted) {
		return nil
	}
	return []string{what + " " + has.UTC().Format(time.RFC3339) + " instead of " + granted.UTC().Format(time.RFC3339)}
}

// RestoredEnd returns the end that DriftDetector.Restore writes: an earlier one that
// the object has stands, for the same reason. The zero time is no end.
func RestoredEnd(has, granted time.Time) time.Time {
	if has.IsZero() {
		return granted
	}
	return Earlier(has, granted)
}
