package app

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/witness"
	"ramp.dev/ramp/witness/witnesstest"
)

// failingCosigner is a witness that returns an error.
type failingCosigner struct {
	Cosigner
	err error
}

func (f failingCosigner) Cosign(context.Context, string, int64, tlog.HashReader) (string, time.Time, error) {
	return "", time.Time{}, f.err
}

// TestCase128OneWitnessHidesNothing: what one witness says, be it a lie, does not stand in
// the place of the alarm that too few have cosigned.
func TestCase128OneWitnessHidesNothing(t *testing.T) {
	for name, lie := range map[string]error{"ahead": &witness.Ahead{Size: 1 << 40}, "another log": witness.ErrOtherLog} {
		t.Run(name, func(t *testing.T) {
			onEachLedger(t, func(w written) {
				one, two, three := w.start("one"), w.start("two"), w.start("three")
				server := w.asking(witnesstest.Config(3, one, two, three))
				members := server.witnessing.config.Members
				members[0] = failingCosigner{members[0], lie}
				members[1] = failingCosigner{members[1], access.Errorf(access.CodeUnavailable, "it is away")}
				server.asked()
				require.NoError(t, server.round(t.Context()))
				before := server.alarms()
				require.Len(t, before, 1, "the witness is heard")
				require.NotContains(t, before[0].Message, "Fewer than")
				server.fixture.now = server.fixture.now.Add(16 * time.Minute)
				require.NoError(t, server.round(t.Context()))
				alarms := server.alarms()
				require.Greater(t, len(alarms), 1, "that a quorum lacks is an alarm of its own")
				last := alarms[len(alarms)-1]
				require.Contains(t, last.Message, "Fewer than 3 of 3 witnesses have cosigned what the log has after event 0")
				require.Contains(t, last.Message, before[0].Message)
				require.Equal(t, members[0].Name(), last.Detail["disputed"])
				require.True(t, server.WitnessFigures().Lacking)
			})
		})
	}
}

// TestWitnessThatFailsDisputesNothing: a clock that is wrong, or a page of a proxy, is no
// other log, and operators are not alarmed as if it were.
func TestWitnessThatFailsDisputesNothing(t *testing.T) {
	onEachLedger(t, func(w written) {
		one := w.start("one")
		server := w.asking(witnesstest.Config(1, one))
		members := server.witnessing.config.Members
		_, _, noCosignature := members[0].Key().Cosignature("", "<html>")
		require.Equal(t, access.CodeEvidence, access.CodeOf(noCosignature))
		server.asked()
		for _, err := range []error{noCosignature, access.Errorf(access.CodeEvidence, "the cosignature is of yesterday"), access.Errorf(access.CodeUnavailable, "it is away")} {
			members[0] = failingCosigner{members[0], err}
			require.NoError(t, server.round(t.Context()))
			got := server.witnesses()
			require.NotEmpty(t, got.Witnesses[0].Problem)
			require.False(t, got.Witnesses[0].Disputed)
			require.Empty(t, got.Problem)
			require.Empty(t, server.alarms())
			server.fixture.now = server.fixture.now.Add(time.Minute)
		}
	})
	require.Equal(t, access.CodeEvidence, access.CodeOf(witness.ErrOtherLog))
}
