package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/strictjson"
)

// SetNoticeChoice records what a person chose to hear of, with the event that says so. An
// address stands for the person only where the provider or the directory says that it is
// theirs: nobody chooses for somebody else by naming their address.
func (l *Ledger) SetNoticeChoice(ctx context.Context, p access.Person, c access.NoticeChoice, at time.Time, e access.Event) error {
	text, err := json.Marshal(c)
	if err != nil {
		return err
	}
	email := ""
	if p.EmailVerified {
		email = access.FoldID(p.Email)
	}
	return l.tx(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO notice_choices (person_key, email_key, choice, chosen_at) VALUES (?, ?, ?, ?)
			ON CONFLICT (person_key) DO UPDATE SET email_key = excluded.email_key, choice = excluded.choice, chosen_at = excluded.chosen_at`,
			access.FoldID(p.ID), email, string(text), micros(at)); err != nil {
			return err
		}
		return q.append(ctx, e)
	})
}

// NoticeChoices returns what people chose to hear of, by access.FoldID of each id and
// address that is asked about, of those who chose anything. A row that cannot be read
// chooses nothing.
func (l *Ledger) NoticeChoices(ctx context.Context, idsAndAddresses ...string) (map[string]access.NoticeChoice, error) {
	out := map[string]access.NoticeChoice{}
	var keys []string
	for _, one := range idsAndAddresses {
		if key := access.FoldID(one); key != "" {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	type chosen struct{ person, email, choice string }
	for some := range slices.Chunk(keys, maxNames) {
		marks, args := inList(some)
		rows, err := collect(ctx, l.reader(), func(row scanner) (c chosen, err error) {
			err = row.Scan(&c.person, &c.email, &c.choice)
			return c, err
		}, `SELECT person_key, email_key, choice FROM notice_choices WHERE person_key IN `+marks+` OR email_key IN `+marks+` ORDER BY chosen_at`, append(args, args...)...)
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			var c access.NoticeChoice
			if strictjson.UnmarshalOpen([]byte(r.choice), &c) != nil {
				continue
			}
			for _, key := range []string{r.email, r.person} {
				if slices.Contains(some, key) {
					out[key] = c
				}
			}
		}
	}
	return out, nil
}

// SentNotices returns the notices of one kind about a request that were sent and are not
// forgotten yet.
func (l *Ledger) SentNotices(ctx context.Context, request string, kind access.EventKind) ([]Notice, error) {
	return collect(ctx, l.reader(), scanNotice, `SELECT id, seq, request_id, kind, channel, address, why, urgent, created_at, due_at, tries, problem
		FROM notices WHERE request_id = ? AND kind = ? AND outcome = ? ORDER BY id`, request, string(kind), string(NoticeSent))
}
