package auth

import (
	"encoding/json"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// personKey is where package scs keeps the person of a session.
const personKey = "person"

// sessionCodec writes a session as JSON (scs.Codec). It knows what a session may
// hold, so that nothing needs to be registered and nothing else gets in.
type sessionCodec struct{}

type sessionContent struct {
	Deadline time.Time      `json:"deadline"`
	Person   *access.Person `json:"person,omitempty"`
}

// Encode writes a session. Anything else than a person is an error.
func (sessionCodec) Encode(deadline time.Time, values map[string]any) ([]byte, error) {
	out := sessionContent{Deadline: deadline}
	for key, v := range values {
		switch v := v.(type) {
		case access.Person:
			out.Person = &v
		default:
			return nil, fmt.Errorf("a session holds no %q", key)
		}
	}
	return json.Marshal(out)
}

// Decode reads what Encode wrote.
func (sessionCodec) Decode(b []byte) (deadline time.Time, values map[string]any, err error) {
	var in sessionContent
	if err := strictjson.UnmarshalOpen(b, &in); err != nil {
		return time.Time{}, nil, err
	}
	values = map[string]any{}
	if in.Person != nil {
		values[personKey] = *in.Person
	}
	return in.Deadline, values, nil
}
