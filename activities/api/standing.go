package api

import "time"

// StandingInput starts the activity of a standing job: one that works for hours.
type StandingInput struct {
	Heartbeat time.Duration `json:"heartbeat"` // how often the worker tells Temporal that it is alive
	Duration  time.Duration `json:"duration"`  // how long one activity lasts; then the next begins
}
