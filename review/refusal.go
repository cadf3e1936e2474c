package review

import "time"

// Refusal is an act that Ramp did not allow, as the log has it. Equal ones within a
// minute are one event with their number.
type Refusal struct {
	By       string    `json:"by"`                 // a person's id
	Human    string    `json:"human,omitempty"`    // of the human behind it, where that is another id: an agent's
	Act      string    `json:"act"`                // one of access.Act
	Code     string    `json:"code"`               // why, such as not_eligible
	Contract string    `json:"contract,omitempty"` // empty where the event does not say
	Request  string    `json:"request,omitempty"`
	At       time.Time `json:"at"` // UTC
	Times    int       `json:"times"`
	Event    int64     `json:"event"` // its number in the log
}
