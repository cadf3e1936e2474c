package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger/ledgertest"
	"ramp.dev/ramp/tools/opponents"
)

// TestOpponentWriter is somebody who writes the ledger's database as its owner, and
// has none of Ramp's keys: the ledger is not believed of who somebody is, what was
// approved, until when, or what is over. On each database, with a directory in force.
func TestOpponentWriter(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		facesWriter(t, siteOptions{scim: true, onlySSH: true})
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		facesWriter(t, siteOptions{scim: true, ledger: ledgertest.Postgres(t)})
	})
}

func facesWriter(t *testing.T, o siteOptions) {
	s := newSite(t, o)
	w, err := opponents.OpenWriter(t.Context(), s.ledger)
	require.NoError(t, err)
	t.Cleanup(w.Close)
	d := &writing{Writer: w, idp: s.provider(), users: map[string]string{}, groups: map[string]string{}}
	d.provision()
	attacks := []attack{
		{50, "signs in as an approver", d.signsIn},
		{50, "puts back a session that was signed out", d.putsBack},
		{50, "turns its own session into an approver's", d.turnsSession},
		{53, "has approvers see another plan than the one that they approve", d.editsPlan},
		{53, "puts another request's signed plan in the place of one", d.swapsPlan},
		{53, "has people see decisions that nobody made", d.editsDecisions},
		{53, "makes itself the requester of somebody else's access", d.takesOver},
		{58, "writes that a request has ended", d.writesEnded},
		{58, "writes that a grant is closed", d.writesClosed},
		{58, "writes that what was closed is open", d.reopens},
		{64, "changes the text of the contract", d.editsContract},
		{60, "deletes the denial of a scheduled request, and has it opened by hand", d.deletesDenial},
		{57, "deletes the order to end, and writes that access is active", d.deletesOrder},
	}
	for _, target := range s.contracts() {
		attacks = append(attacks,
			attack{55, "moves the end by nine minutes: " + target, on(target, d.movesEnd(9*time.Minute))},
			attack{55, "moves the end by ten hours: " + target, on(target, d.movesEnd(10*time.Hour))},
			attack{53, "widens what is open: " + target, on(target, d.widens)})
	}
	s.faces(t, attacks)
	for _, a := range []attack{
		{51, "puts a contractor among the approvers", d.joinsGroup},
		{51, "brings somebody back who has left", d.bringsBack},
		{59, "moves the cursor of the directory's consumer past the news", d.movesCursor},
		{57, "puts its own workflow in a request's place, which ignores that its requester has left", d.ignoresLeaving},
		{75, "turns the directory off", d.turnsOff},
		{67, "edits an event", d.editsEvent},
		{66, "cuts the tail off the log", d.cutsTail},
	} {
		s.face(t, a)
	}
}

// writing is the opponent who writes the ledger, and the honest provider that has
// told it who there is.
type writing struct {
	*opponents.Writer
	idp           provider
	users, groups map[string]string // Ramp's ids, by name
}

func (d *writing) provision() {
	for _, name := range []string{"alice", "bob", "carol", "dave", "erin", "oscar"} {
		d.users[name] = d.idp.says("POST", "/Users", `{"userName":"`+name+`","active":true}`)
	}
	for group, members := range map[string][]string{"engineering": {"alice", "erin"}, "approvers": {"bob"}, "security": {"carol"},
		"operators": {"oscar"}, "contractors": {"dave"}} {
		var list []string
		for _, m := range members {
			list = append(list, `{"value":"`+d.users[m]+`"}`)
		}
		d.groups[group] = d.idp.says("POST", "/Groups", `{"displayName":"`+group+`","members":[`+strings.Join(list, ",")+`]}`)
	}
}

func (d *writing) exec(t *trial, statement string, args ...any) {
	n, err := d.Exec(t.Context(), statement, args...)
	require.NoError(t.T(), err)
	require.NotZero(t.T(), n, "the opponent's statement changed nothing: %s", statement)
}

// visitor is what a cookie gets: the status and who it is.
func (t *trial) visitor(cookie string) (int, string) {
	r, err := http.NewRequest("GET", t.url()+"/api/v1/me", nil)
	require.NoError(t.T(), err)
	r.AddCookie(&http.Cookie{Name: "ramp_session", Value: cookie})
	res, err := http.DefaultClient.Do(r)
	require.NoError(t.T(), err)
	defer res.Body.Close()
	var me map[string]any
	_ = json.NewDecoder(res.Body).Decode(&me)
	return res.StatusCode, text(me)
}

func (d *writing) signsIn(t *trial) error {
	cookie, err := d.SignIn(t.Context(), access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"approvers", "operators"}, LoggedInAt: time.Now()})
	require.NoError(t.T(), err)
	if status, me := t.visitor(cookie); status == 200 {
		return fmt.Errorf("a session that nobody began is %s", me)
	}
	return nil
}

func (d *writing) turnsSession(t *trial) error {
	mine, _ := t.visits("dave")
	bobs, _ := t.visits("bob")
	d.exec(t, `UPDATE sessions SET person_id = 'bob', person_key = 'bob', data = (SELECT data FROM sessions WHERE token_digest = ?) WHERE token_digest = ?`,
		opponents.SessionDigest(bobs), opponents.SessionDigest(mine))
	if status, me := t.visitor(mine); status == 200 && strings.Contains(me, "bob") {
		return fmt.Errorf("dave's cookie is %s", me)
	}
	return nil
}

// putsBack: the session's own row, as it was sealed, and the cookie that belongs to it.
func (d *writing) putsBack(t *trial) error {
	cookie, _ := t.visits("carol")
	key := opponents.SessionDigest(cookie)
	_, err := d.Exec(t.Context(), `CREATE TABLE kept AS SELECT * FROM sessions WHERE token_digest = '`+key+`'`)
	require.NoError(t.T(), err)
	require.Less(t.T(), t.person("carol").call("POST", "/api/v1/me/sign-out", nil, nil), 300)
	d.exec(t, `INSERT INTO sessions SELECT * FROM kept`)
	if status, me := t.visitor(cookie); status == 200 {
		return fmt.Errorf("a session that was signed out is %s", me)
	}
	return nil
}

func (d *writing) joinsGroup(t *trial) error {
	r := t.asked("ssh", "10m")
	d.exec(t, `INSERT INTO directory_members (group_id, user_id) VALUES (?, ?)`, d.groups["approvers"], d.users["dave"])
	defer d.exec(t, `DELETE FROM directory_members WHERE group_id = ? AND user_id = ?`, d.groups["approvers"], d.users["dave"])
	status := t.act("dave", r, "decision", doc{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"})
	if status == 200 || t.person("alice").sees(r.ID).State != "pending" {
		return fmt.Errorf("a contractor approved (%d)", status)
	}
	return nil
}

func (d *writing) bringsBack(t *trial) error {
	d.idp.says("PATCH", "/Users/"+d.users["dave"], deactivated)
	require.NotEqual(t.T(), 200, t.person("dave").call("GET", "/api/v1/me", nil, nil))
	d.exec(t, `UPDATE directory_users SET active = 1, deleted_at = NULL WHERE id = ?`, d.users["dave"])
	defer d.exec(t, `UPDATE directory_users SET active = 0 WHERE id = ?`, d.users["dave"])
	if status := t.person("dave").call("GET", "/api/v1/me", nil, nil); status == 200 {
		return fmt.Errorf("somebody who has left is let in")
	}
	return nil
}

func (d *writing) editsPlan(t *trial) error {
	r := t.asked("ssh", "50m")
	require.NoError(t.T(), d.EditDocument(t.Context(), "requests", "plan", "id", r.ID, func(plan map[string]any) {
		plan["duration"], plan["reason"], plan["principal"] = "5m", "a harmless thing", "somebody"
		plan["grants"].([]any)[0].(map[string]any)["scope"] = doc{"summary": harmlessly}
	}))
	shown := t.shown("bob", r)
	if plan := text(shown["plan"]); strings.Contains(plan, harmlessly) || strings.Contains(plan, `"5m`) {
		return fmt.Errorf("approvers see %s", plan)
	}
	if list := d.listed(t, "bob", r); strings.Contains(list, harmlessly) {
		return fmt.Errorf("approvers see in their list: %s", list)
	}
	return nil
}

// listed is a request as a list shows it.
func (d *writing) listed(t *trial, who string, r request) string {
	var list struct{ Items []map[string]any }
	t.person(who).call("GET", "/api/v1/requests?toDecide=true", nil, &list)
	for _, item := range list.Items {
		if item["id"] == r.ID {
			return text(item)
		}
	}
	return ""
}

func (d *writing) swapsPlan(t *trial) error {
	r, other := t.asked("ssh", "50m"), t.asked("ssh", "1m")
	d.exec(t, `UPDATE requests SET plan = (SELECT plan FROM requests WHERE id = ?), plan_envelope = (SELECT plan_envelope FROM requests WHERE id = ?) WHERE id = ?`,
		other.ID, other.ID, r.ID)
	shown := t.shown("bob", r)
	if strings.Contains(text(shown["plan"]), `"1m`) {
		return fmt.Errorf("approvers of %s see the plan of %s", r.ID, other.ID)
	}
	return nil
}

func (d *writing) editsDecisions(t *trial) error {
	r := t.asked("ssh", "10m")
	carol := doc{"id": "carol", "kind": "human", "groups": []string{"approvers"}}
	d.exec(t, `UPDATE requests SET decisions = ? WHERE id = ?`, text([]doc{{"requestId": r.ID, "planDigest": r.Plan.Digest, "approver": carol,
		"decision": "approve", "at": time.Now().UTC()}}), r.ID)
	if shown := t.shown("bob", r); strings.Contains(text(shown["decisions"]), "carol") {
		return fmt.Errorf("people see %s", text(shown["decisions"]))
	}
	return nil
}

func (d *writing) takesOver(t *trial) error {
	r := t.active("ssh", "10m")
	erin := `{"id":"erin","kind":"human","groups":["engineering"]}`
	d.exec(t, `UPDATE requests SET requester_id = 'erin', requester = ? WHERE id = ?`, erin, r.ID)
	require.NoError(t.T(), d.EditDocument(t.Context(), "requests", "plan", "id", r.ID, func(plan map[string]any) {
		plan["requester"] = json.RawMessage(erin)
	}))
	if out, err := t.person("erin").creds(t.Context(), r.ID); err == nil {
		return fmt.Errorf("somebody else was given the credential: %s", out)
	}
	if status := t.act("erin", r, "extend", doc{"for": "5m"}); status < 300 {
		return fmt.Errorf("somebody else extended the access (%d)", status)
	}
	return t.longer(r, ends(r))
}

func (d *writing) movesEnd(by time.Duration) func(*trial, string) error {
	return func(t *trial, target string) error {
		r := t.active(target, "10m")
		require.NoError(t.T(), d.MoveEnd(t.Context(), r.ID, by))
		for deadline := time.Now().Add(6 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
			if err := t.longer(r, ends(r)); err != nil {
				return err
			}
		}
		if out, err := t.person("alice").creds(t.Context(), r.ID); err == nil {
			var c struct{ ExpiresAt time.Time }
			require.NoError(t.T(), json.Unmarshal(out, &c))
			if c.ExpiresAt.After(ends(r).Add(2 * time.Second)) {
				return fmt.Errorf("a credential is good until %s, and access ends at %s", c.ExpiresAt, r.ExpiresAt)
			}
		}
		for deadline := time.Now().Add(endBound); ; time.Sleep(200 * time.Millisecond) { // until a look has found it
			now := t.person("alice").sees(r.ID)
			if now.State != "active" || !ends(now).After(ends(r).Add(2*time.Second)) {
				return nil
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("people are told that access lasts until %s", now.ExpiresAt)
			}
		}
	}
}

func (d *writing) widens(t *trial, target string) error {
	r := t.active(target, "10m")
	wider := map[string]string{"ssh": `{"user":"root"}`, "vault": `{"policies":["root"]}`, "aws": `{"actions":["*"],"resources":["*"]}`}[target]
	d.exec(t, `UPDATE grants SET entitlement = ? WHERE name = ?`, wider, grantOf(r.ID))
	if err := t.outlives(r, "its entitlement was widened in the ledger"); err != nil {
		return err
	}
	if target == "aws" {
		role, err := t.aws.Role(t.Context(), grantOf(r.ID))
		require.NoError(t.T(), err)
		if role != nil && strings.Contains(text(role.Identity), `"*"`) {
			return fmt.Errorf("the role allows %s", role.Identity)
		}
	}
	return nil
}

func (d *writing) writesEnded(t *trial) error {
	r := t.active("ssh", "10m")
	d.exec(t, `UPDATE requests SET state = 'ended', outcome = 'released', ended_at = ? WHERE id = ?`, time.Now().UnixMicro(), r.ID)
	return t.endedWhileOpen(r)
}

func (d *writing) writesClosed(t *trial) error {
	r := t.active("ssh", "10m")
	d.exec(t, `UPDATE grants SET status = 'closed', closed_at = ? WHERE name = ?`, time.Now().UnixMicro(), grantOf(r.ID))
	if err := t.outlives(r, "it was written that it is closed"); err != nil {
		return err
	}
	return nil
}

func (d *writing) reopens(t *trial) error {
	r := t.active("ssh", "10m")
	require.Equal(t.T(), 200, t.act("alice", r, "release", nil))
	t.person("alice").awaits(r.ID, "ended", time.Minute)
	d.exec(t, `UPDATE grants SET status = 'open', closed_at = NULL WHERE name = ?`, grantOf(r.ID))
	d.exec(t, `UPDATE requests SET state = 'active', outcome = '', ended_at = NULL WHERE id = ?`, r.ID)
	known := t.statements(r)
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		_ = t.runs("ssh/site", api.OpenGrant, doc{"plan": plan, "decisions": known.Of(evidence.TypeDecision),
			"grant": grantOf(r.ID), "expiresAt": ends(r).UTC(), "only": true}, nil)
		if t.open(r) {
			return fmt.Errorf("what was released is open again")
		}
	}
	return nil
}

func (d *writing) editsContract(t *trial) error {
	r := t.active("ssh", "10m")
	before, err := d.Text(t.Context(), `SELECT text FROM contract_texts WHERE name = 'ssh'`)
	require.NoError(t.T(), err)
	d.exec(t, `UPDATE contract_texts SET text = ? WHERE name = 'ssh'`, strings.Replace(before, "max: 1h", "max: 9h", 1))
	defer d.exec(t, `UPDATE contract_texts SET text = ? WHERE name = 'ssh'`, before)
	if said := t.pack(r); !strings.HasPrefix(said, "NOT PROVEN") {
		return fmt.Errorf("under another text of the contract the pack says %s", said)
	}
	return nil
}

// deletesDenial: somebody who writes both ledger and namespace makes a denial undone.
func (d *writing) deletesDenial(t *trial) error {
	// The denial comes before a server confirms the start (access.ConfirmAhead): one
	// that comes later can be undone so, and shows in the pack.
	start := time.Now().Add(access.ConfirmAhead + 15*time.Second).UTC().Truncate(time.Second)
	r := t.asked("ssh", "10m", doc{"startAt": start.Format(time.RFC3339)})
	t.person("bob").approves(r)
	t.person("alice").awaits(r.ID, "scheduled", 60*time.Second)
	known := t.statements(r)
	require.Equal(t.T(), 200, t.denies("bob", r))
	t.person("alice").awaits(r.ID, "denied", 60*time.Second)
	plan, err := known.Plan()
	require.NoError(t.T(), err)
	time.Sleep(time.Until(start.Add(time.Second)))
	d.exec(t, `DELETE FROM statements WHERE request_id = ? AND key LIKE '%-deny-%'`, r.ID)
	d.exec(t, `UPDATE requests SET state = 'scheduled', outcome = '', ended_at = NULL WHERE id = ?`, r.ID)
	err = t.runs("ssh/site", api.OpenGrant, doc{"plan": plan, "decisions": known.Of(evidence.TypeDecision),
		"grant": grantOf(r.ID), "expiresAt": start.Add(10 * time.Minute), "only": true}, nil)
	if err == nil || t.open(r) {
		return fmt.Errorf("what was denied was opened; the pack says %s", t.pack(r))
	}
	return nil
}

// deletesOrder: the opponent's workflow ignores the order, and the ledger forgets it.
// Access then ends when it should have anyway, and no later.
func (d *writing) deletesOrder(t *trial) error {
	r := t.active("ssh", "8s")
	require.NoError(t.T(), t.impostor(nil).Replaces(t.Context(), t.admin, r.ID))
	if status := t.revokes(r); status != 200 {
		return nil
	}
	for range 5 {
		_, err := d.Exec(t.Context(), `DELETE FROM statements WHERE request_id = ? AND key LIKE 'end%'`, r.ID)
		require.NoError(t.T(), err)
		_, err = d.Exec(t.Context(), `UPDATE requests SET state = 'active' WHERE id = ? AND state = 'ending'`, r.ID)
		require.NoError(t.T(), err)
		time.Sleep(200 * time.Millisecond)
	}
	if err := t.longer(r, ends(r)); err != nil {
		return err
	}
	time.Sleep(time.Until(ends(r)))
	if _, err := t.person("alice").creds(t.Context(), r.ID); err == nil {
		return fmt.Errorf("a credential was handed out after the end")
	}
	return nil
}
