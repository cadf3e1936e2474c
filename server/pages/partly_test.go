package pages

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestRequestSaysWhichHostsAreMissing: of one grant too, and no longer once a slow host has
// joined; at the end, which have not ended it. A host's words are text.
func TestRequestSaysWhichHostsAreMissing(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	at := time.Date(2026, 11, 27, 2, 14, 0, 0, time.UTC)
	event := func(kind access.EventKind, done, message string) access.Event {
		return access.Event{Kind: kind, At: at, Actor: access.ActorRamp, Message: message,
			Detail: map[string]string{"grant": "ramp-x-a", "target": "ssh/web", access.DetailDone: done}}
	}
	page := func(s access.State, timeline ...access.Event) string {
		r := example(s)
		r.Timeline = append([]access.Event{event(access.EventGrantIntended, "", ""), event(access.EventGrantOpened, "", "")}, timeline...)
		r.Grants = r.GrantStates()
		return shown(t, p, "request", requestPage{Request: r})
	}
	const reason = `<span class="state-of `
	missing := event(access.EventGrantPartly, access.PartlyOpened, "It is not on db1 <b>, web2.")
	html := page(access.StateActive, missing)
	require.Contains(t, html, reason+`open" data-grant="ramp-x-a">open</span> <span class="dim" dir="auto">It is not on db1 &lt;b&gt;, web2.</span>`)
	require.Contains(t, html, "done in part on ssh/web", "its timeline")

	joined := event(access.EventGrantJoined, "", "It is on db1, web2 by now.")
	html = page(access.StateActive, missing, joined)
	require.NotContains(t, html, reason, "it is on all of its target")
	require.Contains(t, html, "opened on another part of ssh/web")

	html = page(access.StateEnding, missing, event(access.EventGrantPartly, access.PartlyEnded, "2 of 3 hosts have ended it; db1: no route to host"))
	require.Contains(t, html, reason+`closing" data-grant="ramp-x-a">closing</span> <span class="dim" dir="auto">2 of 3 hosts have ended it; db1: no route to host</span>`)
}

// TestPagesSayWhichTargetWorksInPart: to those who run Ramp with the host's name, and in the
// catalogue without it.
func TestPagesSayWhichTargetWorksInPart(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	web := access.TargetState{Target: "ssh/web", Condition: access.TargetPartly, Since: time.Date(2026, 11, 27, 2, 14, 0, 0, time.UTC),
		Reason: "2 of 3 hosts respond; db1: <no route>", Fault: access.FaultUnreachable}
	html := shown(t, p, "contracts", contractsPage{Status: contracts.Status{Source: "/etc/ramp/contracts"}, States: []access.TargetState{web}})
	require.Contains(t, html, `<th scope="row">ssh/web</th><td><b>partly</b></td>`)
	require.Contains(t, html, `<td dir="auto">2 of 3 hosts respond; db1: &lt;no route&gt;</td>`)

	html = shown(t, p, "home", homePage{Offers: []contracts.Offer{{Contract: "web", Unusable: []access.TargetState{web.WithoutInternals()}}}})
	require.Contains(t, html, `<p class="unusable partly" dir="auto">ssh/web has worked in part since `)
	require.Contains(t, html, "a part of it does not work: ")
	require.Contains(t, html, "Access opens on the rest of it.")
	require.NotContains(t, html, "db1")
}
