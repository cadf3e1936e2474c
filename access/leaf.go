package access

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// leafVersion begins every leaf, so that a later encoding cannot be taken for
// this one.
const leafVersion = "ramp event 1"

// Leaf returns the event's exact bytes in the ledger's log: fields in fixed order,
// each as a netstring ("5:alice,"), details sorted by name. No two events share
// one, and it depends on no JSON library, so that it is the same for ever.
func (e Event) Leaf() []byte {
	names, size := make([]string, 0, maxDetails), 128+len(e.RequestID)+len(e.Kind)+len(e.Actor)+len(e.Message)+len(e.Key)
	for name, value := range e.Detail {
		names, size = append(names, name), size+len(name)+len(value)+12
	}
	slices.Sort(names)
	b := make([]byte, 0, size)
	for _, f := range [...]string{leafVersion, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(e.At.UnixMicro(), 10),
		e.RequestID, string(e.Kind), e.Actor, e.Message, e.Key} {
		b = appendField(b, f)
	}
	for _, name := range names {
		b = appendField(appendField(b, name), e.Detail[name])
	}
	return b
}

// appendField appends a netstring.
func appendField(b []byte, f string) []byte {
	b = append(strconv.AppendInt(b, int64(len(f)), 10), ':')
	return append(append(b, f...), ',')
}

// ParseLeaf returns the event of a leaf. Errors are CodeEvidence.
func ParseLeaf(leaf []byte) (Event, error) {
	fields := make([]string, 0, 8+2*maxDetails)
	for rest := leaf; len(rest) > 0; {
		length, after, ok := bytes.Cut(rest, []byte{':'})
		n, err := strconv.Atoi(string(length))
		if !ok || err != nil || n < 0 || n >= len(after) || after[n] != ',' {
			return Event{}, notALeaf()
		}
		fields, rest = append(fields, string(after[:n])), after[n+1:]
	}
	if len(fields) < 8 || len(fields)%2 != 0 || fields[0] != leafVersion {
		return Event{}, notALeaf()
	}
	seq, err1 := strconv.ParseInt(fields[1], 10, 64)
	at, err2 := strconv.ParseInt(fields[2], 10, 64)
	if err1 != nil || err2 != nil {
		return Event{}, notALeaf()
	}
	e := Event{Seq: seq, At: time.UnixMicro(at).UTC(), RequestID: fields[3], Kind: EventKind(fields[4]),
		Actor: fields[5], Message: fields[6], Key: fields[7]}
	for i := 8; i < len(fields); i += 2 {
		if e.Detail == nil {
			e.Detail = map[string]string{}
		}
		e.Detail[fields[i]] = fields[i+1]
	}
	if !bytes.Equal(e.Leaf(), leaf) {
		return Event{}, notALeaf() // written in another way than Leaf does
	}
	return e, nil
}

func notALeaf() error { return Errorf(CodeEvidence, "this is not an event of Ramp's log") }

// MaxLeaf bounds every leaf, in bytes: tiles of the log give the length of each in
// two bytes.
const MaxLeaf = 1<<16 - 1

// maxDetails bounds the number of an event's details.
const maxDetails = 8

// Normalized is the event as every database keeps it: microseconds, UTC, valid
// UTF-8 without NUL, so that what is recorded can be read back bit for bit. It is
// clipped, so that its leaf is within MaxLeaf: a single longer leaf would make the
// whole log unreadable.
func (e Event) Normalized() Event {
	e.At = time.UnixMicro(e.At.UnixMicro()).UTC()
	clean := func(s string, most int) string {
		return Clip(strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD"), most)
	}
	e.RequestID, e.Kind, e.Actor = clean(e.RequestID, 40), EventKind(clean(string(e.Kind), 60)), clean(e.Actor, 300)
	e.Message, e.Key = clean(e.Message, 2000), clean(e.Key, len(e.Key))
	if len(e.Key) > 500 { // hashed, since two keys that are clipped alike would be one event
		sum := sha256.Sum256([]byte(e.Key))
		e.Key = "sha256:" + hex.EncodeToString(sum[:])
	}
	var detail map[string]string
	for i, name := range slices.Sorted(maps.Keys(e.Detail)) {
		if i == maxDetails {
			break
		}
		if detail == nil {
			detail = map[string]string{}
		}
		detail[clean(name, 60)] = clean(e.Detail[name], 1000)
	}
	e.Detail = detail
	return e
}
