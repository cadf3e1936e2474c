package access

import "time"

// Witnesses says how far the log is witnessed: up to which event independent witnesses have
// cosigned its checkpoints.
type Witnesses struct {
	LogKey      string         `json:"logKey"`                // what a witness is told to know this log: ORIGIN+HASH+KEY
	Size        int64          `json:"size"`                  // events in the log
	Quorum      int            `json:"quorum"`                // how many witnesses must cosign
	Witnessed   int64          `json:"witnessed"`             // the first so many events are cosigned by a quorum
	WitnessedAt *time.Time     `json:"witnessedAt,omitempty"` // when that checkpoint was made; UTC
	Problem     string         `json:"problem,omitempty"`     // why that is an alarm; a sentence
	Witnesses   []WitnessState `json:"witnesses"`             // by name
}

// WitnessState says how far one witness has cosigned.
type WitnessState struct {
	Name     string     `json:"name"`              // in the configuration
	Key      string     `json:"key"`               // the name of its key, NAME+HASH
	Cosigned int64      `json:"cosigned"`          // the first so many events
	At       *time.Time `json:"at,omitempty"`      // when it has, by its own clock; UTC
	Disputed bool       `json:"disputed"`          // it has seen another log under this log's name, or says that it has cosigned more than there is
	Problem  string     `json:"problem,omitempty"` // why it has not cosigned when this server asked last
}
