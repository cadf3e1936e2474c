package contracts

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noConditions are mistakes that people make in conditions.
var noConditions = []string{
	`person.kind = "human"`,
	`"sre" in person.groups and person.kind == "human"`,
	`"sre" in person.groups or person.kind == "human"`,
	`"sre" in person.groups & person.kind == "human"`,
	`not ("sre" in person.groups)`,
	`not person.active`,
	`person.kind is "human"`,
	`"sre" in person.groups &&`,
	`"sre in person.groups`,
	`“sre” in person.groups`,
	`("sre" in person.groups`,
	`"sre" in person.groups)`,
	`person.kind == "human" "sre" in person.groups`,
	`persons.kind == "human"`,
	`sre in person.groups`,
	`person.name.startWith("a")`,
	`len(person.groups) > 2`,
	`onCall("db-primary")`,
	`durations < duration("1h")`,
	`duration > "2h"`,
	`duration > 2`,
	`now > "2026-01-31T14:00:00Z"`,
	`"sre" in reason`,
	`reason == 3`,
	`reason && true`,
	`ticket.sevrity <= 2`,
	`person.groups`,
	`reason`,
	"",
	"true &&\n  persons.kind == 'human'",
}

// TestMessagesOfConditions: what authors read of a text that is no condition names the
// place in it, what is wrong, and what to write, in words that ask for no knowledge of CEL.
func TestMessagesOfConditions(t *testing.T) {
	env, err := environment()
	require.NoError(t, err)
	var out strings.Builder
	for _, text := range noConditions {
		_, err := compile(env, text)
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "Syntax error", text)
		require.NotContains(t, err.Error(), "overload", text)
		require.NotContains(t, err.Error(), "@oncall", text)
		fmt.Fprintf(&out, "%q\n  %s\n", text, err)
	}
	choices, err := choiceEnvironment()
	require.NoError(t, err)
	_, err = compile(choices, `chioce.team == person.team`)
	fmt.Fprintf(&out, "of choices: %s\n", err)
	golden(t, "conditions.golden", out.String())
}
