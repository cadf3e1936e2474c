package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// targetName is the one target of every request here.
const targetName = "file/bench"

// folder is a target that costs next to nothing, so that Ramp is measured and
// not a target: a file for each grant. Unlike memory it outlives a kill.
type folder struct {
	dir     string
	effects *effects
}

var _ integrations.Target = (*folder)(nil)

func (f *folder) path(name string) string { return filepath.Join(f.dir, name) }

func (f *folder) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	if _, ok := e["what"].(string); !ok || len(e) != 1 {
		return access.Scope{}, access.Invalid(access.Issue{Code: "entitlement", Message: "one word, what, is needed"})
	}
	return access.Scope{Summary: "hold a file", Facts: map[string]string{"folder": "bench"}, Ends: "not by itself"}, nil
}

func (f *folder) Grant(_ context.Context, g access.Grant) error {
	if !time.Now().Before(g.ExpiresAt) {
		return access.Invalid(access.Issue{Code: "expired", Message: "the grant has expired"})
	}
	if err := os.WriteFile(f.path(g.Name), []byte(g.ExpiresAt.Format(time.RFC3339)), 0o600); err != nil {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	f.effects.open(g.RequestID, g.ExpiresAt)
	return nil
}

func (f *folder) Inspect(_ context.Context, g access.Grant) (access.ReadBack, error) {
	_, err := os.Stat(f.path(g.Name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return access.ReadBack{}, access.Errorf(access.CodeUnavailable, "%w", err)
	}
	return access.ReadBack{Open: err == nil}, nil
}

func (f *folder) Revoke(_ context.Context, g access.Grant) error {
	if err := os.Remove(f.path(g.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return access.Errorf(access.CodeUnavailable, "%w", err)
	}
	id, _ := access.RequestIDFromGrantName(g.Name)
	f.effects.close(id)
	return nil
}

func (f *folder) List(context.Context) ([]integrations.ListedGrant, error) {
	entries, err := os.ReadDir(f.dir)
	var out []integrations.ListedGrant
	for _, e := range entries {
		if _, ok := access.RequestIDFromGrantName(e.Name()); ok {
			out = append(out, integrations.ListedGrant{Name: e.Name()})
		}
	}
	return out, err
}

func (f *folder) Bounds() integrations.Bounds { return integrations.Bounds{Ending: 5 * time.Minute} }
