package ledger_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var meaningSuite = map[string]func(b fixture){
	"what entitlements mean is kept, the latest of each and not too many": func(b fixture) {
		_, err := b.Meaning(ctx, "ssh/kept", "one")
		b.code(access.CodeNotFound, err)
		keep := func(target, entitlement, envelope string, after time.Duration) {
			require.NoError(b, b.KeepMeaning(ctx, target, ledger.Meaning{Entitlement: entitlement, Envelope: []byte(envelope)}, at.Add(after)))
		}
		keep("ssh/kept", "one", "{}", 0)
		keep("ssh/kept", "two", "{}", 0)
		keep("ssh/other", "one", `{"of":"another"}`, 0)
		keep("ssh/kept", "one", `{"of":"now"}`, time.Second)
		got, err := b.Meaning(ctx, "ssh/kept", "one")
		require.NoError(b, err)
		require.Equal(b, `{"of":"now"}`, string(got))
		all, err := b.Meanings(ctx, "ssh/kept")
		require.NoError(b, err)
		require.Len(b, all, 2)
		require.NoError(b, b.ForgetMeaning(ctx, "ssh/kept", "one"))
		_, err = b.Meaning(ctx, "ssh/kept", "one")
		b.code(access.CodeNotFound, err)
		_, err = b.Meaning(ctx, "ssh/other", "one")
		require.NoError(b, err)

		for n := range 998 {
			_, err := b.raw.Exec(fmt.Sprintf(`INSERT INTO meanings (target, entitlement, envelope, kept_at) VALUES ('ssh/kept', 'many-%d', '', %d)`, n, at.Add(time.Hour).UnixMicro()))
			require.NoError(b, err)
		}
		keep("ssh/kept", "new", "{}", 2*time.Hour)
		keep("ssh/kept", "newer", "{}", 3*time.Hour)
		all, err = b.Meanings(ctx, "ssh/kept")
		require.NoError(b, err)
		require.Len(b, all, 1000)
		_, err = b.Meaning(ctx, "ssh/kept", "two")
		b.code(access.CodeNotFound, err)
	},
}
