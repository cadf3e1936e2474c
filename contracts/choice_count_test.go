package contracts_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestChoicesMaxIsOfWhoAsks: whoever asked before, of whichever list, at whatever time,
// too much is open to somebody just if more is listed for them than choices.max says.
func TestChoicesMaxIsOfWhoAsks(t *testing.T) {
	const most = 10
	type pair struct{ bounded, free *contracts.Contract }
	var all []pair
	for _, where := range []string{
		`choice.team == person.team`,
		`choice.team in person.groups`,
		`has(person.team) || choice.team == "team-1"`,
		`person.attributes["team"] == choice.team`,
		`has(person.attributes.team) && choice.team == "team-1"`,
		`person[choice.team] == "yes"`,
		`person.exists(name, name == choice.team)`,
		`now < timestamp("2026-11-24T02:14:30Z") || choice.team == "team-1"`,
		`choice.team != "team-1"`,
	} {
		const from = "choices: {from: t/t, list: accounts, where: '"
		all = append(all, pair{choosing(t, from+where+"', max: 10}"), choosing(t, from+where+"'}")})
	}
	lists := []*access.Inventory{accounts(60), accounts(110), accounts(60), accounts(200)}
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(all).Draw(t, "contract")
		for range rapid.IntRange(1, 6).Draw(t, "requests") {
			in := chooser("acc-00001", "", rapid.SampledFrom(lists).Draw(t, "list"))
			in.Person.Attributes = rapid.SampledFrom([]map[string]string{{}, {"team": ""}, {"team": "team-1"}, {"team": "team-2"}, {"team-1": "yes"},
				{"team-1": "yes", "team-2": "yes"}, {"team": "\xfe"}, {"team": "\xff"}}).Draw(t, "attributes")
			in.Person.Groups = append(in.Person.Groups, rapid.SampledFrom([][]string{nil, {"team-1"}, {"team-1", "team-2"}}).Draw(t, "groups")...)
			in.Now = now.Add(rapid.SampledFrom([]time.Duration{0, time.Minute}).Draw(t, "later"))
			page, err := c.free.Choices(in, "account", "", "", contracts.MaxChoicesPerPage)
			require.NoError(t, err)
			bounded, err := c.bounded.Choices(in, "account", "", "", contracts.MaxChoicesPerPage)
			require.NoError(t, err)
			require.Equal(t, len(page.Items) > most, bounded.Unknown != "", "%d are listed, and %q", len(page.Items), bounded.Unknown)
			if c.free.Evaluate(in).Err() == nil {
				require.Equal(t, len(page.Items) > most, codes(c.bounded.Evaluate(in).Issues) == "choices_too_many")
			}
		}
	})
}
