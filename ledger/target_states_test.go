package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var stateSuite = map[string]func(b fixture){
	"what workers say of a target is kept, the latest of each process": func(b fixture) {
		const target = "ssh/states"
		says := func(process, what string, at time.Time) {
			require.NoError(b, b.KeepTargetState(ctx, target, process, []byte(what), at))
		}
		said := func() (all []string) {
			kept, err := b.TargetStates(ctx)
			require.NoError(b, err)
			for _, k := range kept {
				if k.Target == target {
					all = append(all, string(k.Envelope))
				}
			}
			return all
		}
		says("one", "off", at)
		says("one", "on", at.Add(time.Minute))
		says("two", "off", at.Add(2*time.Minute))
		require.Equal(b, []string{"off", "on"}, said())
		says("three", "on", at.Add(time.Minute+access.TargetStateLasts+time.Second))
		require.Equal(b, []string{"on", "off"}, said(), "what the first said counts no more, and goes")
		require.NoError(b, b.KeepTargetState(ctx, "ssh/another", "one", []byte("on"), at.Add(ledger.TargetStatesFor+time.Hour)))
		require.Empty(b, said(), "nobody has spoken of it for a week")
	},
}
