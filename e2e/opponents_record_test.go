package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// What a writer of the ledger's database gets by rewriting who has left and what was
// recorded.

// leaves has the provider say that somebody has left who has live access, and wants
// that to end.
func (d *writing) leaves(t *trial, name string, meanwhile func(request)) error {
	var r request
	require.Equal(t.T(), http.StatusCreated, t.person(name).call("POST", "/api/v1/requests", doc{"contract": "ssh", "duration": "30m",
		"reason": "look at an order of today"}, &r))
	t.person("bob").approves(r)
	t.person("oscar").awaits(r.ID, "active", time.Minute)
	meanwhile(r)
	d.idp.says("PATCH", "/Users/"+d.users[name], deactivated)
	defer d.idp.says("PATCH", "/Users/"+d.users[name], strings.Replace(deactivated, "False", "True", 1)) // for those who come after
	if err := t.outlives(r, name+" has left"); err != nil {
		return err
	}
	if status := t.person(name).call("GET", "/api/v1/me", nil, nil); status == 200 {
		return fmt.Errorf("%s has left, and is let in", name)
	}
	return nil
}

func (d *writing) movesCursor(t *trial) error {
	return d.leaves(t, "erin", func(request) {
		d.exec(t, `UPDATE feed_cursors SET seq = 1000000000`)
	})
}

// ignoresLeaving: the opponent also has rights on the namespace.
func (d *writing) ignoresLeaving(t *trial) error {
	return d.leaves(t, "erin", func(r request) {
		require.NoError(t.T(), t.impostor(nil).Replaces(t.Context(), t.admin, r.ID))
	})
}

func (d *writing) turnsOff(t *trial) error {
	return d.leaves(t, "alice", func(request) {
		d.exec(t, `UPDATE directory_mode SET enabled = 0, groups = 0, required = 0`)
	})
}

// warning is how a page says that what it shows is not what was recorded.
var warning = regexp.MustCompile(`(?i)does not (match|agree)|no longer what|was changed|has been changed|not as (it was )?recorded|damaged|last verified`)

func (d *writing) editsEvent(t *trial) error {
	oscar, _ := t.visits("oscar")
	var list struct{ Items []request }
	t.person("oscar").call("GET", "/api/v1/requests?state=ended", nil, &list)
	require.NotEmpty(t.T(), list.Items)
	r := list.Items[0]
	where := ` WHERE request_id = ? AND kind = 'decision.recorded'`
	before, err := d.Text(t.Context(), `SELECT actor FROM events`+where, r.ID)
	require.NoError(t.T(), err)
	d.exec(t, `UPDATE events SET actor = 'carol'`+where, r.ID)
	defer d.exec(t, `UPDATE events SET actor = ?`+where, before, r.ID) // for those who come after
	if page := t.page(oscar, "/requests/"+r.ID); strings.Contains(page, "carol") && !warning.MatchString(page) {
		return fmt.Errorf("a page shows an event that was edited, without a word")
	}
	if said := t.pack(r); !strings.HasPrefix(said, "NOT PROVEN") {
		return fmt.Errorf("with an event that was edited the pack says %s", said)
	}
	return nil
}

// cutsTail cuts what a server has signed: of what is younger than ten seconds nothing may
// have been signed (docs/threats.md, case 66), and on a busy machine that is easily five events.
func (d *writing) cutsTail(t *trial) error {
	path := filepath.Join(t.dir, "signed")
	out, err := t.person("carol").ramp("audit", "checkpoint", "--key", filepath.Join(t.dir, "keys", "server.pub"), "--save", path)
	require.NoError(t.T(), err, "%s", out)
	signed, err := os.ReadFile(path)
	require.NoError(t.T(), err)
	lines := strings.Split(string(signed), "\n")
	require.Greater(t.T(), len(lines), 2)
	size, err := strconv.ParseInt(lines[1], 10, 64)
	require.NoError(t.T(), err)
	require.NoError(t.T(), d.CutAfter(t.Context(), size-5))
	t.server.kill()
	s := t.site
	s.server = s.start(nil, "server", "--config", s.config())
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		out, err := t.person("carol").ramp("audit", "verify", "--key", filepath.Join(t.dir, "keys", "server.pub"))
		if err == nil {
			return fmt.Errorf("the log is said to be whole: %s", out)
		}
		if !strings.Contains(out, "refused") { // a connection, to a server that is not there yet
			t.Logf("audit verify says: %s", out)
			return nil
		}
	}
	return nil // it does not even start
}
