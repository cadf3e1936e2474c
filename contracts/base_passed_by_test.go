package contracts_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestCase104BaseEmptyLengths: a length that is written and empty is a mistake, so that no
// contract takes a limit of its base away by it.
func TestCase104BaseEmptyLengths(t *testing.T) {
	const approval = "approval: {stages: [{name: owners, from: [owners]}]}"
	base := strings.Replace(sharedBase, "stepUp: {approve: 15m}", "stepUp: {approve: 15m, request: 1h}", 1)
	for name, text := range map[string]string{
		"pendingFor":      underBase(approval, "approval: {pendingFor: '', stages: [{name: owners, from: [owners]}]}"),
		"autoUpTo":        underBase(approval, "approval: {autoUpTo: '', stages: [{name: owners, from: [owners]}]}"),
		"stepUp.approve":  underBase() + "stepUp: {approve: ''}\n",
		"stepUp.request":  underBase() + "stepUp: {request: ' '}\n",
		"cooldown":        underBase() + "limits: {cooldown: ''}\n",
		"quota.within":    underBase() + "limits: {quota: {within: ''}}\n",
		"quota.total":     underBase() + "limits: {quota: {total: ''}}\n",
		"justifyOver":     underBase("duration: {max: 3h}", "duration: {max: 3h, justifyOver: ''}"),
		"endWhen":         underBase() + "endWhen: [{if: '!oncall(\"x\")', because: the shift is over, unknownFor: ''}]\n",
		"choices.maxAge":  underBase("request: {", "request: {params: {account: {type: string, required: true, choices: {from: t/t, list: accounts, maxAge: ''}}}, ", "role: admin", "role: '{{ params.account }}'"),
		"the base itself": underBase(),
	} {
		t.Run(name, func(t *testing.T) {
			under := base
			if name == "the base itself" {
				under = strings.Replace(base, "cooldown: 10m", "cooldown: ''", 1)
			}
			_, err := parseBoth(under, text)
			require.Error(t, err)
			require.Regexp(t, "a duration is needed|is laxer than the base", err.Error())
		})
	}
}

// TestCase104BaseEmptyLengthsTwice: such a length is refused where it is held against the
// base, and by itself, where there is no base.
func TestCase104BaseEmptyLengthsTwice(t *testing.T) {
	for _, more := range []string{"stepUp: {approve: ''}\n", "limits: {cooldown: ''}\n"} {
		_, err := parseBoth(sharedBase, underBase()+more)
		require.ErrorContains(t, err, "is laxer than the base")
		_, err = contracts.Parse(map[string][]byte{"c.yaml": []byte(underBase("base: shared\n", "", "duration: {", "duration: {default: 1h, ") + more)})
		require.ErrorContains(t, err, "a duration is needed")
	}
}

const extendBase = `apiVersion: ramp/v1
kind: Base
metadata: {name: shared, owner: security}
duration: {default: 20m, max: 4h}
approval:
  stages: [{name: security, from: [security], when: 'duration > duration("1h")'}]
`

// TestCase104BaseExtensions: where a base has stages, their people decide extensions, by the
// whole length to which these lead.
func TestCase104BaseExtensions(t *testing.T) {
	short := underBase("duration: {max: 3h}", "duration: {max: 1h}")
	for _, extend := range []string{"{times: 3, upTo: 4h}", "{times: 3, upTo: 4h, approval: request}", "{times: 3, upTo: 4h, approvers: {from: [mates]}}"} {
		_, err := parseBoth(extendBase, short+"extend: "+extend+"\n")
		require.ErrorContains(t, err, "extend is laxer than the base shared has it at base.yaml:6:3")
	}
	set, err := parseBoth(extendBase, short+"extend: {times: 3, upTo: 4h, approval: same}\n")
	require.NoError(t, err)
	e := set.Contracts[0].Evaluate(contracts.Input{Person: access.Person{ID: "p", Kind: access.KindHuman, Groups: []string{"a"}}, Now: now, History: &access.History{},
		Request: access.RequestInput{Reason: "the orders have been stuck so, look", Duration: "1h"}})
	require.Empty(t, e.Issues)
	require.Len(t, e.Draft.Rule.Stages, 1)
	require.Equal(t, access.Duration(4*time.Hour), e.Draft.Extend.UpTo)
	require.Len(t, e.Draft.Extend.Rule.Stages, 2, "security too, who did not decide the first hour")
}

// TestCase104BaseWordsOfApprovals: where a base says with what each approval is made, nothing
// opens without one.
func TestCase104BaseWordsOfApprovals(t *testing.T) {
	for _, words := range []string{"passkey: true", "confirm: ['I know the requester.']"} {
		base := "apiVersion: ramp/v1\nkind: Base\nmetadata: {name: shared, owner: security}\nduration: {default: 1m}\napproval: {" + words + "}\n"
		_, err := parseBoth(base, underBase())
		require.NoError(t, err)
		_, err = parseBoth(base, underBase()+"breakGlass: {who: 'true', max: 9m, reviewWithin: 24h, reviewers: [mates]}\n")
		require.ErrorContains(t, err, "breakGlass is laxer than the base shared")
		_, err = parseBoth(base, underBase("approval: {", "approval: {auto: 'true', "))
		require.ErrorContains(t, err, "approval.auto is laxer than the base shared")
	}
}
