// Package codec encrypts what Temporal keeps: every payload and every failure's
// text, with AES-256-GCM, so that Temporal's database and anybody who reads it hold
// no reason, no plan and no name. Search attributes stay in clear; they are ids.
package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"strings"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"google.golang.org/protobuf/proto"

	"ramp.dev/ramp/access"
)

// The metadata of an encrypted payload.
const (
	encoding     = "binary/ramp-aes256gcm"
	metaKey      = "ramp-key"       // which key
	metaSpace    = "ramp-namespace" // whose payload it is: bound into the ciphertext,
	metaWorkflow = "ramp-workflow"  // so that it cannot be passed off as another's
)

// Codec encrypts with one key and decrypts with several, by their ids. It is
// safe for concurrent use and implements converter.PayloadCodec.
type Codec struct {
	aeads   map[string]cipher.AEAD
	current string
	clear   bool   // what is not encrypted is read too
	space   string // where the SDK says a payload belongs; empty where it does not
	id      string
}

// AcceptClear returns the codec, which then also reads what is not encrypted, for as
// long as workflows run that began without keys. Everybody who may write to Temporal's
// namespace can then put words of their own there (docs/threats.md, case 52).
func (c *Codec) AcceptClear() *Codec {
	open := *c
	open.clear = true
	return &open
}

// New returns a codec that encrypts with the first key and decrypts with all.
// Errors are CodeInvalid.
func New(keys ...Key) (*Codec, error) {
	if len(keys) == 0 {
		return nil, access.Errorf(access.CodeInvalid, "a payload key is needed")
	}
	c := &Codec{aeads: map[string]cipher.AEAD{}, current: keys[0].ID()}
	for _, k := range keys {
		block, err := aes.NewCipher(k[:])
		if err != nil {
			return nil, err
		}
		if c.aeads[k.ID()], err = cipher.NewGCM(block); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Converters returns what a Temporal client, or a replayer, needs to use the codec.
func (c *Codec) Converters() (converter.DataConverter, converter.FailureConverter) {
	data := converter.NewCodecDataConverter(Plain(), c)
	encrypted := temporal.NewDefaultFailureConverter(temporal.DefaultFailureConverterOptions{DataConverter: data, EncodeCommonAttributes: true})
	if c.clear {
		return data, encrypted
	}
	return data, failures{encrypted}
}

// WithSerializationContext returns the codec bound to the workflow whose payloads
// it is about to see.
func (c *Codec) WithSerializationContext(ctx converter.SerializationContext) converter.PayloadCodec {
	bound := *c
	switch at := ctx.(type) {
	case converter.WorkflowSerializationContext:
		bound.space, bound.id = at.Namespace, at.WorkflowID
	case converter.ActivitySerializationContext:
		bound.space, bound.id = at.Namespace, at.WorkflowID
		if at.WorkflowID == "" && at.ActivityType != "" { // a standalone activity's
			bound.id = "activity " + at.ActivityType
		}
	}
	return &bound
}

// Encode implements converter.PayloadCodec.
func (c *Codec) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		plain, err := proto.Marshal(p)
		if err != nil {
			return nil, err
		}
		nonce := make([]byte, 12)
		rand.Read(nonce) // never fails
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metaKey: []byte(c.current),
				metaSpace: []byte(c.space), metaWorkflow: []byte(c.id)},
			Data: c.aeads[c.current].Seal(nonce, nonce, plain, binding(c.current, c.space, c.id)),
		}
	}
	return out, nil
}

// Decode implements converter.PayloadCodec. A payload that is not encrypted was put
// there by somebody without a key: it is refused, unless AcceptClear says otherwise.
// Errors are CodeEvidence.
func (c *Codec) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if _, ok := EncryptedFor(p); !ok {
			if !c.clear {
				return nil, access.Errorf(access.CodeEvidence, "a payload is not encrypted, though payload keys are configured: no process of Ramp wrote it")
			}
			out[i] = p
			continue
		}
		var err error
		if out[i], err = c.open(p); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// EncryptedFor reports whether a payload is encrypted, and for which workflow it
// claims to be; for none if id is empty. Only Decode verifies the claim.
func EncryptedFor(p *commonpb.Payload) (id string, ok bool) {
	m := p.GetMetadata()
	return string(m[metaWorkflow]), string(m[converter.MetadataEncoding]) == encoding
}

func (c *Codec) open(p *commonpb.Payload) (*commonpb.Payload, error) {
	key, space, id := string(p.Metadata[metaKey]), string(p.Metadata[metaSpace]), string(p.Metadata[metaWorkflow])
	aead, ok := c.aeads[key]
	if !ok {
		return nil, access.Errorf(access.CodeEvidence, "a payload is encrypted with key %s, which is not configured", access.Clip(key, 20))
	}
	// Without a workflow on either side there is nothing to compare: the UI's
	// endpoint knows none.
	if c.id != "" && id != "" && (space != c.space || id != c.id && !startedBySchedule(c.id, id)) {
		return nil, access.Errorf(access.CodeEvidence, "a payload of workflow %s was given to workflow %s", access.Clip(id, 60), access.Clip(c.id, 60))
	}
	if len(p.Data) < aead.NonceSize() {
		return nil, access.Errorf(access.CodeEvidence, "an encrypted payload is too short")
	}
	nonce, box := p.Data[:aead.NonceSize()], p.Data[aead.NonceSize():]
	plain, err := aead.Open(nil, nonce, box, binding(key, space, id))
	if err != nil {
		return nil, access.Errorf(access.CodeEvidence, "an encrypted payload was changed, or is another workflow's")
	}
	var out commonpb.Payload
	if err := proto.Unmarshal(plain, &out); err != nil {
		return nil, access.Errorf(access.CodeEvidence, "an encrypted payload is malformed")
	}
	return &out, nil
}

// startedBySchedule reports whether Temporal started workflow id from a schedule
// whose input was written for another id: Temporal appends the time of the start.
func startedBySchedule(id, of string) bool {
	at, ok := strings.CutPrefix(id, of+"-")
	_, err := time.Parse(time.RFC3339, at)
	return ok && err == nil
}

func binding(key, space, id string) []byte {
	return []byte("ramp payload v1\x00" + key + "\x00" + space + "\x00" + id)
}
