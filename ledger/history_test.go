package ledger_test

import (
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
)

var histories = map[string]func(b fixture){
	"a history is one human's, under all accounts, and one contract's": func(b fixture) {
		person := access.Person{ID: "hana", Kind: access.KindHuman}
		agent := access.Person{ID: "hana-bot", Kind: access.KindAgent, OnBehalfOf: "hana"}
		linked := access.Person{ID: "h.ito", Kind: access.KindHuman, LinkedHumanID: "hana"}
		ask := func(p access.Person, contract string, ago time.Duration) {
			_, err := b.Submit(ctx, b.submission(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.Request.CreatedAt = p, contract, at.Add(-ago)
			}))
			require.NoError(b, err)
		}
		ask(person, "histories", 3*time.Hour)
		ask(agent, "histories", 2*time.Hour)
		ask(linked, "histories", time.Hour)
		ask(person, "another", time.Hour)
		ask(person, "histories", access.HistoryReaches+time.Hour)
		ask(access.Person{ID: "ian", Kind: access.KindHuman}, "histories", time.Hour)
		for _, p := range []access.Person{person, linked} {
			h, err := b.History(ctx, p, "histories", at)
			require.NoError(b, err)
			require.Len(b, h.Uses, 3)
			require.Equal(b, at.Add(-time.Hour), h.Uses[0].At, "the newest first")
			require.Equal(b, 5, h.OpenInAll)
		}
	},
	"a request whose history is another by now is refused": func(b fixture) {
		person := access.Person{ID: "ivo", Kind: access.KindHuman}
		h, err := b.History(ctx, person, "once", at)
		require.NoError(b, err)
		ask := func(p access.Person, all bool) error {
			_, err := b.Submit(ctx, b.submission(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.History, s.LimitsAll = p, "once", &h, all
			}))
			return err
		}
		require.NoError(b, ask(person, false))
		err = ask(person, false)
		require.Equal(b, access.CodeConflict, access.CodeOf(err))
		require.Equal(b, "asked_at_once", access.IssuesOf(err)[0].Code)
		require.NoError(b, ask(access.Person{ID: "jo", Kind: access.KindHuman}, false))
		require.Error(b, ask(access.Person{ID: "ken", Kind: access.KindHuman}, true), "openInAll is another, too")
	},
	"managers are those whom the directory names and knows": func(b fixture) {
		require.NoError(b, b.SetDirectory(ctx, ledger.DirectoryMode{Enabled: true, Groups: true}))
		defer func() { require.NoError(b, b.SetDirectory(ctx, ledger.DirectoryMode{})) }()
		add := func(id, attributes string) ledger.User {
			u, err := b.AddUser(ctx, ledger.User{PersonID: id, UserName: id, Active: true, Attributes: attributes}, at)
			require.NoError(b, err)
			return u
		}
		boss := add("mgr-boss", "{}")
		names := func(value string) string {
			return `{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:user":{"manager":` + value + `}}`
		}
		add("mgr-none", "{}")
		add("mgr-null", names("null"))
		add("mgr-object", names(`{"value":"`+boss.ID+`","displayname":"Boss"}`))
		add("mgr-text", names(`"`+boss.ID+`"`))
		add("mgr-unknown", names(`{"value":"nobody"}`))
		add("mgr-odd", names(`{"value":7}`))
		manager := func(id string) any {
			m, known := b.about(id)
			require.True(b, known)
			if m.Manager == nil {
				return nil
			}
			return *m.Manager
		}
		for id, want := range map[string]any{"mgr-none": nil, "mgr-null": nil, "mgr-object": "mgr-boss", "mgr-text": "mgr-boss", "mgr-unknown": "", "mgr-odd": "", "mgr-boss": nil} {
			require.Equal(b, want, manager(id), id)
		}
		_, err := b.UpdateUser(ctx, boss.ID, at, func(u *ledger.User) error { u.Active = false; return nil })
		require.NoError(b, err)
		require.Equal(b, "", manager("mgr-object"), "who has left is nobody's manager")
	},
	"extensions that people decide are found with what is pending": func(b fixture) {
		p := access.Person{ID: "asta", Kind: access.KindHuman}
		by := func(s *ledger.Submission) { s.Request.Requester, s.Request.Contract = p, "extended" }
		pending := b.submitted(by)
		active, other := b.submitted(by), b.submitted(by)
		for _, s := range []ledger.Submission{active, other} {
			require.NoError(b, b.IntendGrant(ctx, grant(s), at))
			require.NoError(b, b.MarkOpened(ctx, grant(s).Name, at, access.Activation(s.Request.ID, at, at.Add(time.Hour))))
		}
		o := access.ExtensionOrder{RequestID: active.Request.ID, Number: 1, Digest: "sha256:00", From: at.Add(time.Hour), Adds: access.Duration(time.Hour), By: p, At: at}
		require.NoError(b, b.Advance(ctx, access.ExtensionAsked(o, []byte(`{"asked":1}`))))
		require.NoError(b, b.Advance(ctx, access.ExtensionAsked(o, []byte(`{"asked":1}`))), "once")
		ids := func(f ledger.RequestFilter) (out []string) {
			f.Requester = p.ID
			list, _, err := b.Requests(ctx, f)
			require.NoError(b, err)
			for _, r := range list {
				out = append(out, r.ID)
			}
			return out
		}
		require.ElementsMatch(b, []string{active.Request.ID}, ids(ledger.RequestFilter{Asked: true}))
		require.ElementsMatch(b, []string{active.Request.ID, pending.Request.ID}, ids(ledger.RequestFilter{Asked: true, States: []access.State{access.StatePending}}))
		shown, err := b.ShownStatements(ctx, active.Request.ID)
		require.NoError(b, err)
		require.Contains(b, shown[active.Request.ID], []byte(`{"asked":1}`))
		events, _, err := b.Timeline(ctx, active.Request.ID)
		require.NoError(b, err)
		require.Equal(b, access.EventExtensionAsked, events[len(events)-1].Kind)
		require.Error(b, b.Advance(ctx, access.Transition{RequestID: active.Request.ID, At: at, Extensions: new(1)}), "what was asked for is no extension")
	},
	"requests that came to nothing push no use out of a history": func(b fixture) {
		p := access.Person{ID: "quinn", Kind: access.KindHuman}
		s := b.submitted(func(s *ledger.Submission) { s.Request.Requester, s.Request.Contract = p, "quota" })
		require.NoError(b, b.IntendGrant(ctx, grant(s), at))
		require.NoError(b, b.MarkOpened(ctx, grant(s).Name, at, access.Activation(s.Request.ID, at, at.Add(time.Hour))))
		for i := range access.HistoryKeeps {
			c := b.submitted(func(s *ledger.Submission) {
				s.Request.Requester, s.Request.Contract, s.Request.CreatedAt = p, "quota", at.Add(time.Duration(i+1)*time.Second)
			})
			require.NoError(b, b.Advance(ctx, access.Transition{RequestID: c.Request.ID, At: at, To: access.StateCancelled}))
		}
		h, err := b.History(ctx, p, "quota", at.Add(time.Hour))
		require.NoError(b, err)
		used := 0
		for _, u := range h.Uses {
			if u.Length > 0 || !u.State.Final() {
				used++
			}
		}
		require.Equal(b, 1, used, "the access that is open now counts against quota, open and cooldown")
	},
}
