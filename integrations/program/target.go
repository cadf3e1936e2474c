package program

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/internal/strictjson"
)

// Caller brings one message to the program and returns its reply. It ends when ctx does.
// id is the call's own, for the signature of the message. Errors are of code unavailable,
// throttled or forbidden: whether the call took effect is then not known.
type Caller interface {
	Call(ctx context.Context, id string, message []byte) (reply []byte, err error)
}

// MaxReply bounds a reply, in bytes: a page of an inventory is the longest.
const MaxReply = 4 << 20

// target is a program as a target, with what every program has.
type target struct {
	name        string
	description Description
	caller      Caller
	timeout     time.Duration
}

// New returns the target that a program is. Its optional interfaces are those whose
// operations the description names. timeout bounds each call. It calls nothing.
func New(name string, d Description, c Caller, timeout time.Duration) integrations.Target {
	t := &target{name: name, description: d, caller: c, timeout: timeout}
	e, m, w := extender{t}, minter{t}, drifter{t}
	switch [3]bool{d.Has(OpExtend), d.Has(OpMint), d.Has(OpDrift)} {
	case [3]bool{true, true, true}:
		return struct {
			*target
			extender
			minter
			drifter
		}{t, e, m, w}
	case [3]bool{true, true, false}:
		return struct {
			*target
			extender
			minter
		}{t, e, m}
	case [3]bool{true, false, true}:
		return struct {
			*target
			extender
			drifter
		}{t, e, w}
	case [3]bool{false, true, true}:
		return struct {
			*target
			minter
			drifter
		}{t, m, w}
	case [3]bool{true, false, false}:
		return struct {
			*target
			extender
		}{t, e}
	case [3]bool{false, true, false}:
		return struct {
			*target
			minter
		}{t, m}
	case [3]bool{false, false, true}:
		return struct {
			*target
			drifter
		}{t, w}
	}
	return t
}

// Describe asks a program what it says of itself. Errors are those of a call, and of code
// invalid for a description with mistakes.
func Describe(ctx context.Context, name string, c Caller, timeout time.Duration) (Description, error) {
	t := &target{name: name, caller: c, timeout: timeout}
	r, err := t.call(ctx, Request{Operation: OpDescribe})
	if err != nil {
		return Description{}, err
	}
	if r.Description == nil {
		return Description{}, unexpected(OpDescribe, "description")
	}
	return *r.Description, r.Description.Validate().Err()
}

// call makes one call. A reply counts if it is of this version and of this very call.
func (t *target) call(ctx context.Context, r Request) (Reply, error) {
	ctx, cancel := context.WithTimeout(ctx, t.timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	r.Ramp, r.Target, r.Call, r.Deadline = Version, t.name, "call_"+rand.Text(), deadline.UTC().Truncate(time.Second)
	if !time.Now().Before(r.Deadline) {
		return Reply{}, access.Errorf(access.CodeUnavailable, "%s: there is no time left for the call", r.Operation)
	}
	message, err := json.Marshal(r)
	if err != nil {
		return Reply{}, err
	}
	b, err := t.caller.Call(ctx, r.Call, message)
	if err != nil {
		return Reply{}, access.RetryAfter(access.Errorf(access.CodeOf(err), "%s: %w", r.Operation, err), access.RetryAfterOf(err))
	}
	var reply Reply
	if err := strictjson.UnmarshalOpen(b, &reply); err != nil { // the cause is left out: it could quote a secret
		return Reply{}, access.Errorf(access.CodeUnavailable, "%s: the reply is not one JSON object of the protocol", r.Operation)
	}
	switch {
	case reply.Call != r.Call:
		return Reply{}, access.Errorf(access.CodeUnavailable, "%s: the reply is to another call", r.Operation)
	case reply.Ramp != Version:
		return Reply{}, access.Errorf(access.CodeUnavailable, "%s: the reply is of version %d of the protocol, not %d", r.Operation, reply.Ramp, Version)
	case reply.Error != nil:
		return Reply{}, reply.Error.err(r.Operation)
	}
	return reply, nil
}

// unexpected is the error for a reply that lacks what the operation returns. What is not
// said is not known: no reply without a word means that nothing is there.
func unexpected(op Operation, lacks string) error {
	return access.Errorf(access.CodeUnavailable, "%s: the reply has no %q", op, lacks)
}

// act makes a call that changes something.
func (t *target) act(ctx context.Context, op Operation, g *Grant) error {
	r, err := t.call(ctx, Request{Operation: op, Grant: g})
	if err == nil && !r.Done {
		err = unexpected(op, "done")
	}
	return err
}

// Resolve implements integrations.Target. The description says what an entitlement may be,
// so what it does not allow never reaches the program. A program with the operation resolve
// adds words of its own; every field of the entitlement is shown beside them.
func (t *target) Resolve(ctx context.Context, e access.Entitlement) (access.Scope, error) {
	scope, issues := t.description.resolve(e)
	if len(issues) > 0 || !t.description.Has(OpResolve) {
		return scope, issues.Err()
	}
	r, err := t.call(ctx, Request{Operation: OpResolve, Entitlement: e})
	if err != nil {
		return access.Scope{}, err
	}
	if r.Scope == nil {
		return access.Scope{}, unexpected(OpResolve, "scope")
	}
	// Its words are shown as text of one line, and never replace the description's.
	own := map[string]string{}
	for name, text := range r.Scope.Facts {
		own[plaintext.Line(name, 50)] = plaintext.Line(text, 1000)
	}
	maps.Copy(own, scope.Facts)
	scope.Facts = own
	if text := plaintext.Line(r.Scope.Summary, maxLine); text != "" {
		scope.Facts["in its words"] = text
	}
	return scope, nil
}

// Grant implements integrations.Target.
func (t *target) Grant(ctx context.Context, g access.Grant) error {
	return t.act(ctx, OpGrant, grantOf(g))
}

// Inspect implements integrations.Target.
func (t *target) Inspect(ctx context.Context, g access.Grant) (access.ReadBack, error) {
	r, err := t.call(ctx, Request{Operation: OpInspect, Grant: named(g)})
	switch {
	case err != nil:
		return access.ReadBack{}, err
	case r.Open == nil:
		return access.ReadBack{}, unexpected(OpInspect, "open")
	case r.Sessions < 0:
		return access.ReadBack{}, access.Errorf(access.CodeUnavailable, "inspect: %d sessions are none that there can be", r.Sessions)
	}
	return access.ReadBack{Open: *r.Open, Sessions: r.Sessions}, nil
}

// Revoke implements integrations.Target.
func (t *target) Revoke(ctx context.Context, g access.Grant) error {
	return t.act(ctx, OpRevoke, named(g))
}

// List implements integrations.Target.
func (t *target) List(ctx context.Context) ([]integrations.ListedGrant, error) {
	r, err := t.call(ctx, Request{Operation: OpList})
	if err != nil {
		return nil, err
	}
	if r.Grants == nil {
		return nil, unexpected(OpList, "grants")
	}
	return *r.Grants, nil
}

// Bounds implements integrations.Target.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: time.Duration(t.description.ConsistencySeconds) * time.Second, Ending: t.description.ending()}
}

// Ping implements integrations.Pinger: the program responds, and says of itself what the
// configuration says of it.
func (t *target) Ping(ctx context.Context) error {
	now, err := Describe(ctx, t.name, t.caller, t.timeout)
	if err == nil && !now.Same(t.description) {
		err = access.Errorf(access.CodeConflict, "the program describes itself otherwise than the configured description; read what `ramp target describe` prints, and replace the description if it is meant")
	}
	return err
}

// Lists implements integrations.Inventory; none for a program without one.
func (t *target) Lists() []string { return t.description.Lists }

// Choices implements integrations.Inventory.
func (t *target) Choices(ctx context.Context, list, after string) ([]access.Choice, string, error) {
	r, err := t.call(ctx, Request{Operation: OpInventory, List: list, After: after})
	if err != nil {
		return nil, "", err
	}
	if r.Choices == nil {
		return nil, "", unexpected(OpInventory, "choices")
	}
	return *r.Choices, r.Next, nil
}
