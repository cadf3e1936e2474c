package hostfiles

import (
	"encoding/json"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

const (
	// maxStretches bounds the record of one grant: who connects more often, with pauses
	// between, has the last pauses counted as use.
	maxStretches = 500
	// maxEnded bounds how many connections one call takes in, since it holds the Lock.
	maxEnded = 200
)

// usageRecord is what is kept, in usage/<grant>, of a grant's connections that have ended.
type usageRecord struct {
	Sessions int        `json:"sessions"`
	Used     [][2]int64 `json:"used"` // from when to when there was any, in order; Unix time in milliseconds
	// Last are the connections that the last write took in. If it was the last thing that a
	// writer did, they are still recorded as connections, and must not count twice.
	Last []string `json:"last"`
}

// BeginUsage begins the record of how a grant is used. Without one, nothing is known of
// it: so nobody takes a grant for unused whose connections nobody recorded. The caller
// holds the Lock.
func (d *Dir) BeginUsage(grant string) error {
	_, there, err := d.usage(grant)
	if err != nil || there {
		return err
	}
	return d.writeUsage(grant, usageRecord{})
}

func (d *Dir) usage(grant string) (r usageRecord, there bool, err error) {
	b, err := d.disk.Read(d.Path(usageDir, grant))
	if err != nil || b == nil {
		return r, false, unavailable(err)
	}
	if err := strictjson.Unmarshal(b, &r); err != nil {
		return r, false, access.Errorf(access.CodeUnavailable, "the record of the usage of %s: %w", grant, err)
	}
	return r, true, nil
}

func (d *Dir) writeUsage(grant string, r usageRecord) error {
	b, err := json.Marshal(r)
	if err != nil {
		return unavailable(err)
	}
	return unavailable(d.disk.Replace(d.Path(usageDir, grant), b, 0o600))
}

// Usage returns how a grant was used until now, with the connections that are still
// recorded. It reports false where no record was begun.
func (d *Dir) Usage(grant string, now time.Time) (u access.Usage, there bool, err error) {
	connections, err := d.Connections()
	if err != nil {
		return u, false, err
	}
	r, there, err := d.usage(grant)
	if err != nil || !there {
		return u, false, err
	}
	for _, c := range connections {
		// One that another process took in since, or before it died, is in the record already.
		if c.Grant == grant && !slices.Contains(r.Last, c.id()) {
			r.add(c, now)
		}
	}
	u = access.UsageOf(r.sessions())
	u.Sessions = r.Sessions
	return u, true, nil
}

// EndConnections takes connections that have ended by now into the records of their
// grants, and forgets them: some of them, if there are many. The caller holds the Lock.
func (d *Dir) EndConnections(ended []Connection, now time.Time) error {
	ended = ended[:min(len(ended), maxEnded)]
	byGrant := map[string][]Connection{}
	for _, c := range ended {
		// Read again: another process may have taken it in before this one had the Lock.
		c, err := d.connection(c)
		if err != nil {
			return err
		}
		if c.Grant != "" {
			byGrant[c.Grant] = append(byGrant[c.Grant], c)
		}
	}
	for grant, all := range byGrant {
		r, there, err := d.usage(grant)
		if err != nil {
			return err
		}
		if there {
			before := r.Last
			r.Last = nil
			for _, c := range all {
				if !slices.Contains(before, c.id()) {
					r.add(c, now)
				}
				r.Last = append(r.Last, c.id())
			}
			if err := d.writeUsage(grant, r); err != nil {
				return err
			}
		}
	}
	for _, c := range ended {
		if err := d.disk.Remove(d.connectionPath(c)); err != nil {
			return unavailable(err)
		}
	}
	return nil
}

// add adds a connection that lasted until some time.
func (r *usageRecord) add(c Connection, until time.Time) {
	if c.Refused {
		return
	}
	if c.At.IsZero() || c.At.After(until) {
		c.At = until
	}
	r.Sessions++
	joined := access.JoinSessions(append(r.sessions(), access.Session{From: c.At, To: until}))
	for len(joined) > maxStretches {
		last := len(joined) - 1
		joined[last-1].To = joined[last].To
		joined = joined[:last]
	}
	r.Used = r.Used[:0]
	for _, s := range joined {
		r.Used = append(r.Used, [2]int64{s.From.UnixMilli(), s.To.UnixMilli()})
	}
}

func (r *usageRecord) sessions() (out []access.Session) {
	for _, s := range r.Used {
		out = append(out, access.Session{From: time.UnixMilli(s[0]).UTC(), To: time.UnixMilli(s[1]).UTC()})
	}
	return out
}
