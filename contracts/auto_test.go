package contracts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestAutoUpTo: what is longer than the contract approves by itself needs a person,
// and what nobody approved is not extended past that either.
func TestAutoUpTo(t *testing.T) {
	const stages = `stages: [{name: leads, from: [leads]}]`
	evaluate := func(approval, extend, length string) contracts.Evaluation {
		set := parsed(t, contract("c", "true", `{default: 30m, max: 4h}`, approval)+extend)
		return set.Contracts[0].Evaluate(contracts.Input{Person: alice, Now: now, Request: access.RequestInput{Reason: "a good reason", Duration: length}})
	}
	bounded := `{auto: 'true', autoUpTo: 1h, ` + stages + `}`
	for length, want := range map[string]string{"1h": "automatic", "3601s": "1 of leads", "4h": "1 of leads", "": "automatic"} {
		require.Equal(t, want, outcome(evaluate(bounded, "", length)), length)
	}
	require.Equal(t, "1 of leads", outcome(evaluate(`{auto: 'false', autoUpTo: 1h, `+stages+`}`, "", "30m")))
	require.Equal(t, "automatic", outcome(evaluate(`{auto: 'true', autoUpTo: 4h}`, "", "4h")))

	e := evaluate(bounded, "", "2h")
	require.Equal(t, contracts.Step{Field: "approval.autoUpTo", Expression: "2h <= 1h", Result: contracts.NotSatisfied}, e.Trace[len(e.Trace)-1])

	const extend = "extend: {times: 2, upTo: 6h}\n"
	require.Equal(t, &access.ExtensionLimits{Times: 2, UpTo: access.Duration(time.Hour)}, evaluate(bounded, extend, "30m").Draft.Extend)
	require.Nil(t, evaluate(bounded, extend, "1h").Draft.Extend)
	require.Equal(t, &access.ExtensionLimits{Times: 2, UpTo: access.Duration(6 * time.Hour)}, evaluate(bounded, extend, "2h").Draft.Extend, "a person approves that")
	require.Equal(t, &access.ExtensionLimits{Times: 2, UpTo: access.Duration(6 * time.Hour)}, evaluate(`{auto: 'true'}`, extend, "30m").Draft.Extend)
}

func TestAutoUpToIsChecked(t *testing.T) {
	for approval, want := range map[string]string{
		`{autoUpTo: 1h, stages: [{name: a, from: [x]}]}`:               "auto_up_to",
		`{auto: 'true', autoUpTo: 2h, stages: [{name: a, from: [x]}]}`: "auto_up_to",
		`{auto: 'true', autoUpTo: 30m}`:                                "auto_up_to",
		`{auto: 'true', autoUpTo: soon}`:                               "duration_malformed",
		`{auto: 'true', autoUpTo: 1h}`:                                 "",
	} {
		_, err := parse(t, approval)
		require.Equal(t, want, codes(access.IssuesOf(err)), approval)
	}
}
