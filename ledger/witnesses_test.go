package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/ledger"
)

var witnessSuite = map[string]func(b fixture){
	"of each size there is one checkpoint, and of each witness one cosignature": func(b fixture) {
		for _, size := range []int64{3, 9, 7, 9} {
			require.NoError(b, b.KeepWitnessed(ctx, "witnessed", size, "signed", at.Add(time.Duration(size)*time.Minute)))
		}
		one := ledger.Cosignature{Witness: "one+0000aaaa", Line: "— one x\n", At: at}
		later := one
		later.Line, later.At = "— one y\n", at.Add(time.Hour)
		two := ledger.Cosignature{Witness: "two+0000bbbb", Line: "— two x\n", At: at}
		for _, c := range []ledger.Cosignature{two, one, later} {
			require.NoError(b, b.KeepCosignature(ctx, "witnessed", 7, c))
		}
		require.NoError(b, b.KeepCosignature(ctx, "witnessed", 3, one))
		require.NoError(b, b.KeepCosignature(ctx, "another log", 7, later))
		list, err := b.Witnessed(ctx, "witnessed", 2)
		require.NoError(b, err)
		require.Equal(b, []ledger.WitnessedCheckpoint{
			{Origin: "witnessed", Size: 9, Signed: "signed", At: at.Add(9 * time.Minute)},
			{Origin: "witnessed", Size: 7, Signed: "signed", At: at.Add(7 * time.Minute), Cosignatures: []ledger.Cosignature{one, two}},
		}, list)
		require.NoError(b, b.ForgetWitnessed(ctx, "witnessed", 9))
		list, err = b.Witnessed(ctx, "witnessed", 200)
		require.NoError(b, err)
		require.Len(b, list, 1)
	},
}
