package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

var inventorySuite = map[string]func(b fixture){
	"a list of what a target has is kept, the latest of each": func(b fixture) {
		users, hosts := access.InventoryName{Target: "ssh/inventory", List: "users"}, access.InventoryName{Target: "ssh/inventory", List: "hosts"}
		_, err := b.Inventory(ctx, users)
		b.code(access.CodeNotFound, err)
		_, err = b.InventoryKeptAt(ctx, users)
		b.code(access.CodeNotFound, err)
		require.NoError(b, b.KeepInventory(ctx, users, []byte(`{"of":"before"}`), at))
		require.NoError(b, b.KeepInventory(ctx, hosts, []byte(`{}`), at))
		require.NoError(b, b.KeepInventory(ctx, access.InventoryName{Target: "ssh/other", List: "users"}, []byte(`{}`), at))
		require.NoError(b, b.KeepInventory(ctx, users, []byte(`{"of":"now"}`), at.Add(time.Minute)))
		got, err := b.Inventory(ctx, users)
		require.NoError(b, err)
		require.Equal(b, `{"of":"now"}`, string(got))
		kept, err := b.InventoryKeptAt(ctx, users)
		require.NoError(b, err)
		require.Equal(b, at.Add(time.Minute).UTC(), kept)
		lists, err := b.InventoryLists(ctx, "ssh/inventory")
		require.NoError(b, err)
		require.Equal(b, []string{"hosts", "users"}, lists)
		require.NoError(b, b.ForgetInventory(ctx, hosts))
		_, err = b.Inventory(ctx, hosts)
		b.code(access.CodeNotFound, err)
	},
}
