package integrations_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

func having(lists map[string][]access.Choice) (*integrations.Broker, *faketarget.Target) {
	t := faketarget.New(faketarget.Config{Now: time.Now, Inventory: func() map[string][]access.Choice { return lists }})
	return integrations.NewBroker(map[string]integrations.Target{"fake/one": t}, nil), t
}

// TestInventory: a list is read to its last page, put in order, and refused as a whole if
// it is more than an inventory holds or cannot be shown.
func TestInventory(t *testing.T) {
	ctx := context.Background()
	good := []access.Choice{{Value: "c"}, {Value: "a", Label: "A", Attributes: map[string]string{"team": "x"}}, {Value: "b"}, {Value: "e"}, {Value: "d"}}
	b, target := having(map[string][]access.Choice{"things": good})
	lists, err := b.Lists("fake/one")
	require.NoError(t, err)
	require.Equal(t, []string{"things"}, lists)
	all, err := b.Choices(ctx, "fake/one", "things")
	require.NoError(t, err)
	require.Equal(t, []access.Choice{good[1], good[2], good[0], good[4], good[3]}, all)

	_, err = b.Choices(ctx, "fake/one", "other")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	require.ErrorContains(t, err, `no list "other"; it has things`)
	_, err = b.Choices(ctx, "fake/two", "things")
	require.Equal(t, access.CodeNotFound, access.CodeOf(err))
	target.FailNext(faketarget.OpChoices, faketarget.NoFault, faketarget.Unavailable)
	_, err = b.Choices(ctx, "fake/one", "things")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err), "half a list is none")

	many := make([]access.Choice, access.MaxChoices+1)
	for i := range many {
		many[i].Value = fmt.Sprintf("%06d", i)
	}
	long := make([]rune, 257)
	for i := range long {
		long[i] = 'é'
	}
	for what, list := range map[string][]access.Choice{
		"more than an inventory has": many,
		"twice":                      {{Value: "a"}, {Value: "a"}},
		"empty":                      {{Value: ""}},
		"too long":                   {{Value: string(long)}},
		"hidden":                     {{Value: "a\u202eb"}},
		"of two lines":               {{Value: "a", Label: "x\ny"}},
		"with a blank at its end":    {{Value: "a "}},
		"an attribute named value":   {{Value: "a", Attributes: map[string]string{"value": "b"}}},
		"an attribute of odd name":   {{Value: "a", Attributes: map[string]string{"a b": "b"}}},
	} {
		b, _ := having(map[string][]access.Choice{"things": list})
		_, err := b.Choices(ctx, "fake/one", "things")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), what)
	}
	plain := integrations.NewBroker(map[string]integrations.Target{"fake/one": faketarget.New(faketarget.Config{Now: time.Now})}, nil)
	lists, err = plain.Lists("fake/one")
	require.NoError(t, err)
	require.Empty(t, lists)
}

// TestDescribed: pages hold what is allowed and what is described, each once and in order.
func TestDescribed(t *testing.T) {
	d := integrations.Described{"things": {{Value: "m", Label: "Middle", Attributes: map[string]string{"team": "x"}}, {Value: "0"}}}
	values := []string{"m"}
	for i := range 1200 {
		values = append(values, fmt.Sprintf("v%04d", i))
	}
	var got []access.Choice
	for after, pages := "", 1; ; pages++ {
		page, next, err := d.Page(context.Background(), "things", values, after)
		require.NoError(t, err)
		got = append(got, page...)
		if next == "" {
			require.Equal(t, 3, pages)
			break
		}
		after = next
	}
	require.Len(t, got, 1202)
	require.Equal(t, access.Choice{Value: "0"}, got[0])
	require.Equal(t, access.Choice{Value: "m", Label: "Middle", Attributes: map[string]string{"team": "x"}}, got[1])
	require.Empty(t, (&access.Inventory{List: "things", Choices: got}).Validate())

	gives := map[string]func(string) bool{"things": func(v string) bool { return v != "0" }}
	issues := d.Validate(gives)
	require.Len(t, issues, 1)
	require.Equal(t, "describe_not_allowed", issues[0].Code)
	require.Equal(t, "describe_list", integrations.Described{"other": nil}.Validate(gives)[0].Code)
	require.Equal(t, "inventory_order", integrations.Described{"things": {{Value: "a"}, {Value: "a"}}}.Validate(gives)[0].Code)
}
