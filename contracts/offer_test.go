package contracts_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

func TestOffers(t *testing.T) {
	set := examples(t)
	names := func(p access.Person) (out []string) {
		for _, o := range set.Offers(contracts.Input{Person: p, Now: now}) {
			out = append(out, o.Contract)
		}
		return out
	}
	require.Equal(t, []string{"aws-orders-incident", "change-contracts", "database-demo", "kubernetes-debug", "orders-bucket-read", "orders-database-read", "production-admin", "production-read", "service-hosts-again", "service-secrets-read", "ssh-demo", "ssh-demo-emergency", "ssh-demo-guarded", "ssh-demo-limited", "ssh-demo-passkey", "ssh-demo-peers", "ssh-demo-rota", "ssh-demo-ticket"}, names(alice))
	require.True(t, find(t, "ssh-demo-passkey").Offer().Approval.Passkey)
	require.False(t, find(t, "ssh-demo").Offer().Approval.Passkey)
	require.Empty(t, names(access.Person{ID: "dave", Groups: []string{"contractors"}}))
}
