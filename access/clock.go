package access

import "time"

// ClockSkew is how far the clocks of Ramp's servers, its workers and Temporal
// may disagree. Hosts that keep time by NTP differ by milliseconds; half a minute
// also covers one whose NTP has failed for a day. It bounds how much longer than
// approved access can last because of clocks.
const ClockSkew = 30 * time.Second

// FormatTime writes a time as Ramp's messages, events and statements do: RFC
// 3339, in UTC.
func FormatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
