package mysql_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/internal/testcert"
)

// With TLS, a server that nobody vouches for gets no password, and an account of Ramp's is
// let in by TLS alone.
func TestTLS(t *testing.T) {
	s, authority := mysqltest.StartTLS(t)
	config := s.Config()
	config.TLS, config.CAFile = "verify-full", field.File(authority)
	s.Setup(t, config)
	target := opened(t, config)
	require.NoError(t, target.Ping(t.Context()))
	g := newGrant(time.Hour, reads())
	c := minted(t, target, g)
	b, err := os.ReadFile(authority)
	require.NoError(t, err)
	require.Equal(t, string(b), c.Files["ca.pem"])
	require.Equal(t, "{{dir}}/ca.pem", c.Env["MYSQL_SSL_CA"])
	require.ErrorContains(t, use(t.Context(), g, c), "denied", "without TLS")
	s.Exec(t, "UPDATE mysql.global_priv SET Priv = JSON_SET(Priv, '$.ssl_type', 0) WHERE User LIKE '"+g.Name+"-%'", "FLUSH PRIVILEGES")
	differences, err := target.Drift(t.Context(), g)
	require.NoError(t, err)
	require.Len(t, differences, 1)
	require.Contains(t, differences[0], "without TLS")
	require.NoError(t, target.Restore(t.Context(), g))
	require.ErrorContains(t, use(t.Context(), g, c), "denied", "without TLS")
	require.NoError(t, target.Revoke(t.Context(), g))
	gone(t, s, target, g)

	stranger := config
	stranger.CAFile = field.File(testcert.New(t).Authority)
	err = opened(t, stranger).Ping(t.Context())
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "nobody vouches for it: %v", err)
}
