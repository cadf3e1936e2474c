package app

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// TestWhatSomebodyMayNotSee does not exist for them: not in a list, not by its
// id, and an error tells it apart from nothing.
func TestWhatSomebodyMayNotSee(t *testing.T) {
	f := newFixture(t)
	r := f.request(access.StatePending)
	for _, who := range []access.Actor{alice, bob, oscar} {
		_, err := f.Request(t.Context(), who.Person, r.ID)
		require.NoError(t, err)
		list, _, err := f.Requests(t.Context(), who.Person, Query{})
		require.NoError(t, err)
		require.Len(t, list, 1, who.Person.ID)
	}
	_, hidden := f.Request(t.Context(), dave.Person, r.ID)
	_, missing := f.Request(t.Context(), dave.Person, access.NewRequestID())
	require.Equal(t, access.CodeNotFound, access.CodeOf(hidden))
	require.Equal(t, access.IssuesOf(missing)[0].Code, access.IssuesOf(hidden)[0].Code)
	list, _, err := f.Requests(t.Context(), dave.Person, Query{})
	require.NoError(t, err)
	require.Empty(t, list)
	f.ledger.unreadable = true
	_, err = f.Request(t.Context(), alice.Person, r.ID)
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "a database that is down is not an empty one")
}

// TestListsArePagedBySight: pages are full, and none is lost, whatever is left
// out of them.
func TestListsArePagedBySight(t *testing.T) {
	f := newFixture(t)
	mine := map[string]bool{}
	for i := range 30 {
		r := f.request(access.StatePending)
		if i%3 > 0 {
			r.Requester = person("erin").Person
			r.Plan.Rule.Stages = []access.Stage{{Name: "others", From: []string{"others"}, Approvals: 1}}
		} else {
			mine[r.ID] = true
		}
		f.ledger.put(r)
	}
	for cursor, pages := "", 0; ; pages++ {
		list, next, err := f.Requests(t.Context(), bob.Person, Query{ToDecide: true, Limit: 4, Cursor: cursor})
		require.NoError(t, err)
		for _, r := range list {
			require.True(t, mine[r.ID])
			delete(mine, r.ID)
		}
		if cursor = next; next == "" {
			require.Equal(t, 2, pages)
			break
		}
		require.Len(t, list, 4)
	}
	require.Empty(t, mine)
	_, _, err := f.Requests(t.Context(), alice.Person, Query{Target: "postgres/order", Mine: true, States: []access.State{access.StateFailed}})
	require.ErrorContains(t, err, `did you mean "postgres/orders"?`)
}

func TestAudit(t *testing.T) {
	f := newFixture(t)
	for _, who := range []access.Actor{alice, bob, dave, oscar} {
		_, _, err := f.Audit(t.Context(), who, ledger.EventSearch{})
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.Equal(t, "not_auditor", f.ledger.refusedWith())
		_, err = f.Checkpoint(t.Context(), who)
		require.Equal(t, "not_auditor", f.ledger.refusedWith())
		require.Error(t, err)
		_, err = f.Tile(t.Context(), who, "0/000")
		require.Equal(t, "not_auditor", f.ledger.refusedWith())
		require.Error(t, err)
	}
	f.ledger.tree = ledger.Tree{Origin: "log"}
	signed, err := f.Checkpoint(t.Context(), carol)
	require.NoError(t, err)
	c, err := f.keyring.VerifyCheckpoint(signed)
	require.NoError(t, err)
	require.Equal(t, evidence.Checkpoint{Origin: "log", Root: tlog.Hash{}}, c)
}

func TestTilePaths(t *testing.T) {
	for path, ok := range map[string]bool{"0/000": true, "1/x001/234": true, "entries/000.p/7": true, "entries/000": true,
		"data/000": false, "8/0/000": false, "6/000": false, "-1/000": false, "0/x999/x999/x999/999": false, "x": false, "": false} {
		_, got := parseTile(path)
		require.Equal(t, ok, got, path)
	}
}

// TestDecoding: only operators read what Temporal keeps, and only what could be
// recorded.
func TestDecoding(t *testing.T) {
	sealer, err := codec.New(codec.Key{1})
	require.NoError(t, err)
	f := newFixture(t, func(c *Config) { c.Codec = sealer })
	for _, who := range []access.Actor{alice, bob, carol} {
		_, err := f.Decoder(t.Context(), who)
		require.Equal(t, access.CodeForbidden, access.CodeOf(err))
		require.Equal(t, "not_operator", f.ledger.refusedWith())
	}
	secret := []*commonpb.Payload{{Metadata: map[string][]byte{"encoding": []byte("json/plain")}, Data: []byte(`"secret"`)}}
	encrypted, err := sealer.WithSerializationContext(converter.WorkflowSerializationContext{Namespace: "default", WorkflowID: "access-1"}).Encode(secret)
	require.NoError(t, err)
	open, err := f.Decoder(t.Context(), oscar)
	require.NoError(t, err)
	got, err := open.Decode(encrypted)
	require.NoError(t, err)
	require.Equal(t, `"secret"`, string(got[0].Data))
	require.Len(t, f.ledger.events, 1)
	require.Equal(t, map[string]string{"payloads": "1", "workflows": "access-1", "via": "api"}, f.ledger.events[0].Detail)
	_, err = open.Decode(secret)
	require.NoError(t, err)
	require.Len(t, f.ledger.events, 1, "what was in clear is not recorded")
	_, err = open.Encode(secret)
	require.Equal(t, access.CodeForbidden, access.CodeOf(err))
	f.ledger.appendErr = errors.New("the disk is full")
	_, err = open.Decode(encrypted)
	require.ErrorContains(t, err, "the disk is full")
	none, err := newFixture(t).Decoder(t.Context(), oscar)
	require.Nil(t, none)
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
}
