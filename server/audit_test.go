package server

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/client"
	"ramp.dev/ramp/evidence"
)

// TestAuditorsReadTheLog checks the log as an auditor does, over HTTP.
func TestAuditorsReadTheLog(t *testing.T) {
	f := newFixture(t)
	web := httptest.NewServer(f.handler)
	defer web.Close()
	ctx, keys := context.Background(), evidence.NewKeyring(f.signer.Public())
	auditor := client.New(web.URL, f.token("carol"))
	at := func() evidence.Checkpoint {
		signed, err := auditor.Checkpoint(ctx)
		require.NoError(t, err)
		c, err := keys.VerifyCheckpoint(signed)
		require.NoError(t, err)
		return c
	}
	r := f.request(access.StateActive)
	early := at()
	for range 300 {
		require.NoError(t, f.ledger.AppendEvent(ctx, access.Event{At: time.Now(), Kind: access.EventActRefused, Actor: "dave"}))
	}
	late := at()
	t.Run("Case44 a reader that was away finds all that it missed", func(t *testing.T) {
		var seen []access.Event
		report, err := evidence.VerifyLog(ctx, keys, late, &early, auditor, func(_ int64, e access.Event) error { seen = append(seen, e); return nil })
		require.NoError(t, err)
		require.Equal(t, late.Size, report.Events)
		require.Equal(t, r.ID, seen[0].RequestID)
		require.Len(t, seen[early.Size:], 300)
	})
	require.NoError(t, evidence.VerifyConsistency(early, late, auditor.Tiles(ctx)))

	for _, path := range []string{"entries/001.p/200", "0/900", "7/000", "-1/000", "0/000.p/0", "x", "entries/x999/999", "data/000", "8/0/000"} {
		require.Equal(t, http.StatusNotFound, f.call(f.token("carol"), "GET", "/api/v1/audit/tile/"+path, "", "").Code, path)
	}
	require.Equal(t, http.StatusBadRequest, f.call(f.token("carol"), "GET", "/api/v1/audit?since=yesterday", "", "").Code)
	w := f.call(f.token("carol"), "GET", "/api/v1/audit?kind=request.created&request="+r.ID, "", "")
	require.Equal(t, http.StatusOK, w.Code)
	require.Contains(t, w.Body.String(), `"leaf":0`)

	t.Run("Case42 what no longer holds what was signed gets no signature", func(t *testing.T) {
		raw, err := sql.Open("sqlite", filepath.Join(f.dir, "ledger.db"))
		require.NoError(t, err)
		defer raw.Close()
		_, err = raw.Exec(`DROP TRIGGER log_hashes_no_delete; DELETE FROM log_hashes WHERE idx > 100`)
		require.NoError(t, err)
		_, err = auditor.Checkpoint(ctx)
		require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	})
}

func TestNobodyAuditsUnlessConfigured(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Auditors = nil })
	for _, who := range everybody[1:] {
		require.Equal(t, http.StatusForbidden, f.call(f.token(who), "GET", "/api/v1/audit/checkpoint", "", "").Code, who)
	}
	c := Config{Listen: "127.0.0.1:0", URL: "https://ramp.test", Contracts: "x", Operators: []string{"a", "b"}, Auditors: []string{"b"}}
	err := access.Invalid(c.Validate()...)
	require.ErrorContains(t, err, `"b" is among the operators`)
	c.Auditors = []string{"B"}
	require.ErrorContains(t, access.Invalid(c.Validate()...), `"B" is among the operators`)
}
