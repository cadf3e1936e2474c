package app

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
)

// decoders let operators read what Temporal keeps.
type decoders struct {
	codec   *codec.Codec // nil: payloads are not encrypted
	events  eventAppender
	roles   roles
	refused refusals
	now     clock
}

// Decoder returns a codec that decrypts payloads for one reading by an operator,
// and records the reading; it never encrypts. Errors are CodeForbidden, and
// CodeNotFound where nothing is encrypted.
func (d *decoders) Decoder(ctx context.Context, by access.Actor) (converter.PayloadCodec, error) {
	if !d.roles.isOperator(by.Person) {
		return nil, d.refused.record(ctx, by, "", access.ActDecode, access.Refuse(access.CodeForbidden, "not_operator", "only operators read what Temporal keeps"))
	}
	if d.codec == nil {
		return nil, access.Refuse(access.CodeNotFound, "no_payload_keys", "payloads are not encrypted here: keys.payload is not set")
	}
	return decoder{d, ctx, by}, nil
}

// inClear is what operators read, as JSON, in the place of a payload in clear.
const inClear = `"NOT RAMP'S: this payload is not encrypted. Somebody without a payload key wrote it, and Ramp does not read it."`

// maxWorkflows bounds how many workflows one reading names in its event: a page
// shows one workflow, or a list of them.
const maxWorkflows = 100

// decoder is one reading; package converter's interface has no place for a
// context and a person.
type decoder struct {
	*decoders
	ctx context.Context
	by  access.Actor
}

// Decode decrypts payloads. What could not be recorded is not returned. Of what is in
// clear it says so, in its place: the page would show a stranger's words as Ramp's.
func (d decoder) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	decrypted, ids := 0, map[string]bool{}
	for i, p := range payloads {
		id, encrypted := codec.EncryptedFor(p)
		one, err := d.codec.Decode([]*commonpb.Payload{p})
		switch {
		case err != nil && !encrypted:
			out[i] = &commonpb.Payload{Metadata: map[string][]byte{converter.MetadataEncoding: []byte(converter.MetadataEncodingJSON)}, Data: []byte(inClear)}
			continue
		case err != nil:
			return nil, err
		}
		out[i] = one[0]
		if encrypted {
			decrypted++
			ids[id] = true
		}
	}
	delete(ids, "") // the payloads of a schedule belong to no workflow
	if decrypted == 0 {
		return out, nil
	}
	if len(ids) > maxWorkflows {
		return nil, access.Errorf(access.CodeInvalid, "payloads of %d workflows; at most %d are decoded at once", len(ids), maxWorkflows)
	}
	e := d.by.Event(access.EventPayloadDecoded, d.now())
	e.Detail["payloads"], e.Detail["workflows"] = strconv.Itoa(decrypted), strings.Join(slices.Sorted(maps.Keys(ids)), " ")
	return out, d.events.AppendEvent(d.ctx, e)
}

// Encode refuses: this endpoint is for readers.
func (d decoder) Encode([]*commonpb.Payload) ([]*commonpb.Payload, error) {
	return nil, access.Refuse(access.CodeForbidden, "decode_only", "this endpoint only decodes")
}
