package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/dev/mailbox"
	"ramp.dev/ramp/feed"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/notices"
	"ramp.dev/ramp/notices/mail"
)

// noticesName is the measurement that needs neither Temporal nor a floor.
const noticesName = "notices"

// arrivesWithin bounds the wait for one mail.
const arrivesWithin = time.Minute

// measureNotices measures how long it takes from the commit of an event until a mail server
// on this machine has written down the notice of it, one request after the other, on SQLite.
func measureNotices(ctx context.Context, b *bench) error {
	for round := range b.rounds {
		b.say("%s, round %d …", noticesName, round+1)
		took, err := eventToMail(ctx, filepath.Join(b.dir, fmt.Sprint("notices-", round)), b.size(200, 1000))
		if err != nil {
			return err
		}
		b.table.addLags("event to mail", map[string][]time.Duration{rampSide: took})
	}
	return nil
}

func eventToMail(ctx context.Context, dir string, n int) (took []time.Duration, err error) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	box := filepath.Join(dir, "mail")
	server, err := mailbox.Start(box)
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	l, err := ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	defer l.Close()
	c := notices.Config{Pages: "https://ramp.example.com", Mail: mail.Config{Server: server.Addr, From: "ramp@example.com", TLS: "none"},
		Alarms: []string{"watch@example.com"}, Groups: map[string][]string{"dba": {"dba@example.com"}}}
	if issues := c.Validate(); len(issues) > 0 {
		return nil, fmt.Errorf("notices: %v", issues)
	}
	log := logrus.StandardLogger()
	events, engine := feed.New(l, log, feed.Options{}), notices.New(c, l, l.Request, mail.New(c.Mail), log)
	var running sync.WaitGroup
	running.Go(func() { events.Run(ctx) })
	running.Go(func() { engine.Run(ctx, events) })
	defer running.Wait()
	defer stop() // before it waits
	if err := waitFor(ctx, func() (bool, error) { all, err := l.Cursors(ctx); return len(all) == 1, err }); err != nil {
		return nil, err
	}
	for i := range n {
		if err := asksOne(ctx, l); err != nil {
			return took, err
		}
		began := time.Now()
		arrived := 2 * (i + 1) // each mail is a text and a page
		if err := waitFor(ctx, func() (bool, error) { all, err := os.ReadDir(box); return len(all) >= arrived, err }); err != nil {
			return took, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// asksOne records a request that waits for one approval, whose approvers have one address.
func asksOne(ctx context.Context, l *ledger.Ledger) error {
	id, now := access.NewRequestID(), time.Now().UTC()
	who := access.Person{ID: id, Name: "Alice", Kind: access.KindHuman}
	stage := access.Stage{Name: "owners", From: []string{"dba"}, Approvals: 1}
	r := access.Request{ID: id, State: access.StatePending, Contract: "orders", Requester: who, CreatedAt: now, Stages: []access.StageStatus{{Stage: stage}},
		Plan: access.Plan{RequestID: id, Contract: "orders", Requester: who, Reason: "measured", Duration: access.Duration(time.Hour), CreatedAt: now, PendingUntil: now.Add(time.Hour),
			Rule: access.Rule{Stages: []access.Stage{stage}, DenyThreshold: 1}, Grants: []access.PlannedGrant{{Name: access.GrantName(id, 0), Target: "postgres/orders", Scope: access.Scope{Summary: "read orders"}}}}}
	_, err := l.Submit(ctx, ledger.Submission{Request: r, PlanEnvelope: []byte("{}"), Input: access.RequestInput{Contract: r.Contract}})
	return err
}

// waitFor asks each millisecond.
func waitFor(ctx context.Context, is func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, arrivesWithin)
	defer cancel()
	for {
		if ok, err := is(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("nothing came within %s: %w", arrivesWithin, ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}
