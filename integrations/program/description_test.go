package program

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

func good() Description {
	return Description{Ramp: 1, Name: "orders", Operations: []Operation{OpResolve, OpExtend, OpMint, OpDrift, OpInventory}, Summary: "Read {what} by {tables}", Ends: "at its end", EndsByItself: true,
		Fields:     []Field{{Name: "what", Label: "which", Required: true, Pattern: "[a-z]+|[A-Z]+"}, {Name: "tables", List: true, Allowed: []string{"a", "b"}}},
		Credential: "vault", Lists: []string{"tables"}, Examples: []access.Entitlement{{"what": "x"}, {"what": "y", "tables": []any{"a"}}}}
}

func TestDescriptions(t *testing.T) {
	require.Empty(t, good().Validate())
	for what, spoil := range map[string]func(*Description){
		"version":         func(d *Description) { d.Ramp = 2 },
		"no name":         func(d *Description) { d.Name = "" },
		"hidden":          func(d *Description) { d.Summary = "Read \u202e{what}" },
		"two lines":       func(d *Description) { d.Ends = "now\nor never" },
		"operation":       func(d *Description) { d.Operations = append(d.Operations, "fly") },
		"twice":           func(d *Description) { d.Operations = append(d.Operations, OpMint) },
		"no field":        func(d *Description) { d.Fields, d.Examples = nil, nil },
		"nothing needed":  func(d *Description) { d.Fields[0].Required = false },
		"field's name":    func(d *Description) { d.Fields[1].Name = "Tables" },
		"same label":      func(d *Description) { d.Fields[1].Label = "which" },
		"unbounded":       func(d *Description) { d.Fields[1].Allowed = nil },
		"bounded twice":   func(d *Description) { d.Fields[1].Pattern = "x" },
		"pattern":         func(d *Description) { d.Fields[0].Pattern = "(" },
		"seconds":         func(d *Description) { d.ConsistencySeconds = -1 },
		"more seconds":    func(d *Description) { d.EndingSeconds = 4000 },
		"kind":            func(d *Description) { d.Credential = "shell" },
		"no kind":         func(d *Description) { d.Credential = "" },
		"no lists":        func(d *Description) { d.Lists = nil },
		"list's name":     func(d *Description) { d.Lists = []string{"T"} },
		"example's value": func(d *Description) { d.Examples[1]["what"] = "x1" },
	} {
		d := good()
		spoil(&d)
		require.NotEmpty(t, d.Validate(), what)
	}
	path := filepath.Join(t.TempDir(), "d.json")
	_, err := ReadDescription(path)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
	for _, text := range []string{"", "[]", `{"ramp":1,"fly":true}`} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		_, err := ReadDescription(path)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), text)
	}
}

// TestCase133Words: no entitlement reads like another, and what is read has no character
// that does not show, whatever the program says.
func TestCase133Words(t *testing.T) {
	d := good()
	one, issues := d.resolve(access.Entitlement{"what": "x", "tables": []any{"a", "b"}})
	require.Empty(t, issues)
	require.Equal(t, access.Scope{Summary: "Read x by a, b", Ends: "at its end", Facts: map[string]string{"which": "x", "tables": "a, b"}}, one)
	for what, e := range map[string]access.Entitlement{
		"nothing": {}, "unknown": {"what": "x", "wat": "y"}, "type": {"what": 1}, "pattern": {"what": "xX"}, "a line more": {"what": "x\n"},
		"no list": {"what": "x", "tables": "a"}, "empty list": {"what": "x", "tables": []any{}}, "not allowed": {"what": "x", "tables": []any{"c"}}, "in one": {"what": "x", "tables": []any{"a, b"}},
	} {
		_, issues := d.resolve(e)
		require.NotEmpty(t, issues, what)
	}
	said := Reply{Scope: &access.Scope{Summary: "harm\u202eless\n", Facts: map[string]string{"which": "nothing at all", "own\u200b": "a\x1b[2J\nb"}}}
	target := integrations.Guard(New("exec/x", d, replying{said}, time.Minute))
	scope, err := target.Resolve(t.Context(), access.Entitlement{"what": "x"})
	require.NoError(t, err)
	require.Equal(t, "Read x by none", scope.Summary)
	require.Equal(t, map[string]string{"which": "x", "own": "a [2J b", "in its words": "harm less"}, scope.Facts, "the program cannot replace what the description says")
}

// replying replies the same to every call.
type replying struct{ reply Reply }

func (r replying) Call(_ context.Context, id string, _ []byte) ([]byte, error) {
	r.reply.Ramp, r.reply.Call = Version, id
	return json.Marshal(r.reply)
}

// TestCase133Credentials: a program's credential brings nothing to a person's machine but
// what its kind may bring, and ends with its grant.
func TestCase133Credentials(t *testing.T) {
	end := time.Now().UTC().Add(time.Hour).Truncate(time.Second)
	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), Entitlement: access.Entitlement{"what": "x"}, ExpiresAt: end}
	for what, c := range map[string]*access.Credential{
		"none": nil, "another kind": {Kind: "ssh", ExpiresAt: end}, "no end": {Kind: "vault"}, "outlives": {Kind: "vault", ExpiresAt: end.Add(time.Second)},
		"a variable": {Kind: "vault", ExpiresAt: end, Env: map[string]string{"LD_PRELOAD": "x"}}, "a file": {Kind: "vault", ExpiresAt: end, Files: map[string]string{".bashrc": "x"}},
		"a command": {Kind: "vault", ExpiresAt: end, Command: []string{"sh", "-c"}},
	} {
		d := good()
		d.Operations = []Operation{OpMint, OpInventory}
		target := integrations.Guard(New("exec/x", d, replying{Reply{Credential: c}}, time.Minute))
		require.True(t, target.CanMint())
		require.False(t, target.CanExtend() || target.CanDetectDrift())
		_, err := target.Mint(t.Context(), g)
		require.Error(t, err, what)
	}
}

// TestOptional: a program has the optional interfaces that its description names.
func TestOptional(t *testing.T) {
	for n := range 8 {
		d := good()
		d.Operations = nil
		for i, op := range []Operation{OpExtend, OpMint, OpDrift} {
			if n&(1<<i) != 0 {
				d.Operations = append(d.Operations, op)
			}
		}
		target := integrations.Guard(New("exec/x", d, replying{}, time.Minute))
		require.Equal(t, d.Has(OpExtend), target.CanExtend(), n)
		require.Equal(t, d.Has(OpMint), target.CanMint(), n)
		require.Equal(t, d.Has(OpDrift), target.CanDetectDrift(), n)
		require.True(t, target.CanPing())
	}
}

// recorder keeps what is sent, and replies nothing.
type recorder struct{ sent [][]byte }

func (r *recorder) Call(_ context.Context, _ string, message []byte) ([]byte, error) {
	r.sent = append(r.sent, message)
	return nil, access.Errorf(access.CodeUnavailable, "no reply")
}

// TestSchema: every message that Ramp sends is one of the schema, and so are descriptions
// and replies.
func TestSchema(t *testing.T) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("protocol.json", doc))
	check := func(part string, message any) {
		t.Helper()
		s, err := c.Compile("protocol.json#/$defs/" + part)
		require.NoError(t, err)
		b, isBytes := message.([]byte)
		if !isBytes {
			b, err = json.Marshal(message)
			require.NoError(t, err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
		require.NoError(t, err)
		require.NoError(t, s.Validate(v), "%s", b)
	}
	id := access.NewRequestID()
	g := access.Grant{Name: access.GrantName(id, 0), RequestID: id, Principal: "alice", Entitlement: access.Entitlement{"what": "x"}, ExpiresAt: time.Now().Add(time.Hour)}
	r := &recorder{}
	target := integrations.Guard(New("exec/x", good(), r, time.Minute))
	without := good()
	without.Operations = []Operation{OpExtend, OpMint, OpDrift, OpInventory}
	plain := integrations.Guard(New("exec/x", without, r, time.Minute))
	ctx := t.Context()
	_, _ = target.Resolve(ctx, g.Entitlement)
	_ = plain.Grant(ctx, g)
	_, _ = plain.Inspect(ctx, g)
	_ = plain.Revoke(ctx, g)
	_, _ = plain.List(ctx)
	_ = plain.Extend(ctx, g)
	_, _ = plain.Mint(ctx, g)
	_, _ = plain.Drift(ctx, g)
	_ = plain.Restore(ctx, g)
	_, _ = plain.Choices(ctx, "tables")
	_ = plain.Ping(ctx)
	require.Len(t, r.sent, 11, "each operation once")
	calls := map[string]bool{}
	for _, m := range r.sent {
		check("request", m)
		var sent Request
		require.NoError(t, json.Unmarshal(m, &sent))
		calls[sent.Call] = true
	}
	require.Len(t, calls, 11, "each call has an id of its own")
	check("description", good())
	yes := true
	for i, reply := range []Reply{{Done: true}, {Open: &yes, Sessions: 2}, {Grants: &[]integrations.ListedGrant{{Name: g.Name, ExpiresAt: g.ExpiresAt}}}, {Error: &Failure{Code: access.CodeThrottled, Message: "x", RetryAfterSeconds: 3}},
		{Credential: &access.Credential{Kind: "vault", ExpiresAt: g.ExpiresAt}}, {Differences: &[]string{"x"}}, {Choices: &[]access.Choice{{Value: "a"}}, Next: "b"}, {Scope: &access.Scope{Summary: "x"}}} {
		reply.Ramp, reply.Call = 1, fmt.Sprint("call_", i)
		check("reply", reply)
	}
}
