// Package envelope writes events as other programs read them: CloudEvents 1.0 as JSON
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md),
// whose data is Ramp's own event or one of the Open Cybersecurity Schema Framework
// (https://schema.ocsf.io/1.8.0/). docs/events.md shows both.
package envelope

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"ramp.dev/ramp/access"
)

// Format is what the data of a CloudEvent is.
type Format string

const (
	Ramp Format = "ramp" // the event as Ramp records it; the default
	OCSF Format = "ocsf"
)

// Source is the source of every event: ids count within it.
const Source = "urn:ramp:events"

// The schemas of the data. RampSchema ends with the version of Ramp's own form: fields are
// only added to a version.
const (
	RampSchema = "urn:ramp:event:1"
	OCSFSchema = "https://schema.ocsf.io/1.8.0"
)

// Options say how an event leaves.
type Options struct {
	Format Format // "" is Ramp
	// Text says that what people wrote goes out too; without it the event is redacted.
	Text bool
	// Requester is the person whose request the event is about, as the log says; OCSF's
	// events about grants name them. "" for events about no request.
	Requester string
}

// cloudEvent is an event as it is sent.
type cloudEvent struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Subject     string    `json:"subject,omitempty"`
	Time        time.Time `json:"time"`
	ContentType string    `json:"datacontenttype"`
	Schema      string    `json:"dataschema"`
	// Sequence is the extension of that name: the number in 20 digits, which order as
	// texts. Numbers have no gaps.
	Sequence string `json:"sequence"`
	Data     any    `json:"data"`
}

// Encode returns an event as JSON in one line, redacted unless Options say otherwise. The
// same event has the same bytes. Errors are of code invalid for a format that there is
// not.
func Encode(e access.Event, o Options) ([]byte, error) {
	if !o.Text {
		e = e.Redacted()
	}
	e.At = e.At.UTC()
	out := cloudEvent{SpecVersion: "1.0", ID: strconv.FormatInt(e.Seq, 10), Source: Source, Type: Type(e.Kind), Subject: e.RequestID,
		Time: e.At, ContentType: "application/json", Sequence: fmt.Sprintf("%020d", e.Seq)}
	switch o.Format {
	case Ramp, "":
		out.Schema, out.Data = RampSchema, e
	case OCSF:
		out.Schema, out.Data = OCSFSchema, ocsfOf(e, o.Requester)
	default:
		return nil, access.Errorf(access.CodeInvalid, "there is no format %q: it is ramp or ocsf", o.Format)
	}
	return json.Marshal(out)
}

// Type is the CloudEvents type of a kind.
func Type(k access.EventKind) string { return "dev.ramp." + string(k) }

// Validate returns what is wrong with a format in a configuration.
func (f Format) Validate(place string) (issues access.Issues) {
	issues.Require(f == "" || f == Ramp || f == OCSF, "format_unknown", place, "the format is ramp or ocsf")
	return issues
}
