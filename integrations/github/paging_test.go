package github

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// leaving has one collaborator leave a repository after each look at its first page.
type leaving struct {
	to    http.RoundTripper
	f     *forge
	leave []int64
}

// RoundTrip implements http.RoundTripper.
func (l *leaving) RoundTrip(r *http.Request) (*http.Response, error) {
	got, err := l.to.RoundTrip(r)
	if len(l.leave) > 0 && r.URL.Query().Get("page") == "1" && strings.HasSuffix(r.URL.Path, "/collaborators") {
		l.f.Do(func() { delete(l.f.repo.Members, l.leave[0]) })
		l.leave = l.leave[1:]
	}
	return got, err
}

// TestListThatChanges: whoever leaves a list hides nobody who moves to a page that was read.
func TestListThatChanges(t *testing.T) {
	f, ctx := start(t), context.Background()
	var others []int64
	for i := range pageSize + readings {
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
		return f.open(t, func(to http.RoundTripper) http.RoundTripper { return &leaving{to, f, leave} }).Inspect(ctx, g)
	}
	p, err := look(others[:pageSize], others[:1])
	require.NoError(t, err)
	require.True(t, p.Open)
	_, err = look(others, others[:readings+1])
	code(t, access.CodeUnavailable, err, "while it was read")
}
