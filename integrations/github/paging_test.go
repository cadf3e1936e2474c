package github

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/targettest"
)

// TestListThatChanges: whoever leaves a list hides nobody who moves to a page that was read.
func TestListThatChanges(t *testing.T) {
	f, ctx := start(t), context.Background()
	var others []int64
	for i := range 110 {
		others = append(others, f.AddUser(fmt.Sprintf("other%d_acme", i), "member"))
	}
	g := grantFor(f.person(t), writer) // the last of the list
	require.NoError(t, f.open(t, nil).Grant(ctx, g))
	look := func(there, leave []int64) (access.ReadBack, error) {
		f.Do(func() {
			for _, id := range there {
				f.repo.Members[id] = "read"
			}
		})
		return f.open(t, func(to http.RoundTripper) http.RoundTripper {
			return targettest.ListWire{To: to, Path: "/collaborators", AfterFirst: func() {
				if len(leave) > 0 {
					f.SetRole(f.repo, leave[0], "")
					leave = leave[1:]
				}
			}}
		}).Inspect(ctx, g)
	}
	p, err := look(others[:100], others[:1])
	require.NoError(t, err)
	require.True(t, p.Open)
	_, err = look(others, others[:10])
	code(t, access.CodeUnavailable, err, "while it was read")
}
