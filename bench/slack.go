package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/chat/slack"
	"ramp.dev/ramp/chat/slack/slacktest"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/chatops"
	"ramp.dev/ramp/server/limit"
	"ramp.dev/ramp/server/surface"
)

// slackName is the measurement of Slack, which needs no Temporal. It is measured only where
// it is named, since it has no floor.
const slackName = "slack"

const (
	slackClicks   = 200
	slackRequests = 1000
	slackChanges  = 40 // while the messages of all requests are being posted
	slackUser     = "U0BOB"
)

// measureSlack measures how long Slack waits until each of 200 clicks at once is
// acknowledged, which it is when the ledger has it, over HTTP and over the sockets of Socket
// Mode; and how long the messages of 1,000 requests take through a bot that allows one call
// a second, by a clock that each call sets forward by a second. Slack is a stand-in in this
// process, the ledger SQLite.
func measureSlack(ctx context.Context, b *bench) error {
	for round := range b.rounds {
		b.say("%s, round %d …", slackName, round+1)
		for _, way := range []struct {
			name    string
			measure func(context.Context, *slackBench) ([]time.Duration, error)
		}{{"HTTP", clicksByHTTP}, {"sockets", clicksBySocket}} {
			s, err := startSlack(ctx, filepath.Join(b.dir, fmt.Sprint(slackName, way.name, round)))
			if err != nil {
				return err
			}
			took, err := way.measure(ctx, s)
			if err = errors.Join(err, s.stop()); err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			b.table.addLags(fmt.Sprintf("%d clicks at once, %s, acknowledged", slackClicks, way.name), map[string][]time.Duration{rampSide: took})
		}
		s, err := startSlack(ctx, filepath.Join(b.dir, fmt.Sprint(slackName, "-messages-", round)))
		if err != nil {
			return err
		}
		if err := errors.Join(messagesByTheSecond(ctx, s, b.table), s.stop()); err != nil {
			return err
		}
	}
	return nil
}

// slackBench is a ledger, and a workspace of a stand-in for Slack.
type slackBench struct {
	slack  *slacktest.Server
	ledger *ledger.Ledger
	failed *firstFailure
	dir    string
}

func startSlack(ctx context.Context, dir string) (*slackBench, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l, err := ledger.Open(ctx, "sqlite:"+filepath.Join(dir, "ledger.db"))
	if err != nil {
		return nil, err
	}
	s := &slackBench{ledger: l, failed: &firstFailure{}, dir: dir}
	s.slack = slacktest.StartIn(s.failed, dir)
	s.slack.SetUser(slacktest.User{ID: slackUser, Name: "bob"})
	return s, nil
}

func (s *slackBench) stop() error {
	s.slack.Stop()
	return errors.Join(s.failed.error(), s.ledger.Close())
}

// workspace is a server's part for Slack. It has no use cases: nothing that people do is
// done here, and nothing is refused.
func (s *slackBench) workspace(c slack.Config, change func(*chatops.Config)) *chatops.Workspace {
	w := chatops.Config{Service: slack.New(c), Channel: func(string) string { return slacktest.Channel }, Pages: "https://ramp.example.com", Ledger: s.ledger, Log: logrus.StandardLogger()}
	if change != nil {
		change(&w)
	}
	return chatops.New(w)
}

// clicks are presses of a button, each another, as Slack sends them.
func (s *slackBench) clicks() (out []slacktest.Delivery) {
	at := slacktest.Message{Conversation: slacktest.Channel, TS: "1764163200.000100"}
	for range slackClicks {
		out = append(out, s.slack.PressWith(slackUser, at, "approve", access.NewRequestID()+" sha256:0123"))
	}
	return out
}

// atOnce calls acknowledged for each click at once, which returns when the click was, and
// returns how long each took. All must be in the ledger then.
func (s *slackBench) atOnce(ctx context.Context, acknowledged func(i int) (time.Time, error)) ([]time.Duration, error) {
	took, errs := make([]time.Duration, slackClicks), make([]error, slackClicks)
	var all sync.WaitGroup
	begin := make(chan struct{})
	for i := range slackClicks {
		all.Go(func() {
			<-begin
			began := time.Now()
			at, err := acknowledged(i)
			took[i], errs[i] = at.Sub(began), err
		})
	}
	close(begin)
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	counts, err := s.ledger.ChatCounts(ctx)
	if err == nil && counts.Acts != slackClicks {
		err = fmt.Errorf("the ledger has %d of %d clicks", counts.Acts, slackClicks)
	}
	return took, err
}

func clicksByHTTP(ctx context.Context, s *slackBench) ([]time.Duration, error) {
	w := s.workspace(s.slack.Config(), nil)
	e := echo.New()
	limits := surface.Limits{Address: limit.New(limit.Rate{}.Or(50, 300)), Person: limit.New(limit.Rate{}.Or(10, 100)), PersonOf: func(echo.Context) string { return "" }}
	if err := surface.Mount(e, limits, logrus.StandardLogger(), w.Surface()); err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: e, ReadHeaderTimeout: time.Minute}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) }) // which ends with Close
	defer serving.Wait()
	defer func() { _ = server.Close() }()
	clicks, address := s.clicks(), "http://"+listener.Addr().String()+w.Path()
	return s.atOnce(ctx, func(i int) (at time.Time, err error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(clicks[i].Body))
		if err != nil {
			return at, err
		}
		r.Header = clicks[i].Header.Clone()
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			return at, err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return at, fmt.Errorf("a click was not acknowledged: %s", resp.Status)
		}
		return time.Now(), nil
	})
}

func clicksBySocket(ctx context.Context, s *slackBench) ([]time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	w := s.workspace(s.slack.SocketConfig(), nil)
	var listening sync.WaitGroup
	var ended error
	listening.Go(func() { ended = w.Service.Listen(ctx, w.Take, func(bool) {}) })
	took, err := func() ([]time.Duration, error) {
		if err := waitFor(ctx, func() (bool, error) { return s.slack.Connections() == 1, nil }); err != nil {
			return nil, err
		}
		var envelopes []slacktest.Envelope
		for _, d := range s.clicks() {
			envelopes = append(envelopes, s.slack.Envelope(d))
		}
		return s.atOnce(ctx, func(i int) (at time.Time, err error) {
			if !s.slack.Push(envelopes[i]) {
				return at, errors.New("the connection was lost")
			}
			for wait := time.After(arrivesWithin); at.IsZero(); at = s.slack.AckedAt(envelopes[i]) {
				select { // seldom, since all wait on this machine
				case <-wait:
					return at, errors.New("a click was not acknowledged")
				case <-time.After(20 * time.Millisecond):
				}
			}
			return at, nil
		})
	}()
	stop()
	listening.Wait()
	return took, errors.Join(err, ended)
}

// messagesByTheSecond has the messages of all requests posted, and some of them changed
// meanwhile. It fails if a change is not in the next call.
func messagesByTheSecond(ctx context.Context, s *slackBench, t *table) error {
	clock, last := time.Now().Add(time.Second), ""
	w := s.workspace(s.slack.Config(), func(c *chatops.Config) {
		c.Now, c.Every = func() time.Time { return clock }, time.Second
		c.Requests = func(_ context.Context, id string) (access.Request, error) {
			last = id
			return access.Request{ID: id, State: access.StatePending, Contract: "orders", Requester: access.Person{ID: "alice"},
				Plan: access.Plan{Digest: "sha256:" + id, PendingUntil: clock.Add(time.Hour)}}, nil
		}
	})
	seq := int64(0)
	want := func(i int) error {
		seq++
		return s.ledger.WantChatMessages(ctx, clock, ledger.ChatMessage{ID: fmt.Sprint("m", i), Service: w.Service.Name(), RequestID: fmt.Sprint("r", i), Conversation: slacktest.Channel, WantSeq: seq})
	}
	for i := range slackRequests {
		if err := want(i); err != nil {
			return err
		}
	}
	began, changes := clock, 0
	for slot := 1; ; slot++ {
		changed := ""
		if slot%20 == 0 && changes < slackChanges {
			changes++
			i := slot * 7919 % slackRequests
			if err := want(i); err != nil {
				return err
			}
			changed = fmt.Sprint("r", i)
		}
		did, err := w.SendOne(ctx)
		switch {
		case err != nil:
			return err
		case changed != "" && (!did || last != changed):
			return fmt.Errorf("call %d is about %s, and not about %s, which changed last", slot, last, changed)
		}
		if !did {
			break
		}
		clock = clock.Add(time.Second)
		s.slack.SetTime(clock)
	}
	if n := len(s.slack.Posts(slacktest.Channel)); n != slackRequests {
		return fmt.Errorf("there are %d messages of %d requests", n, slackRequests)
	}
	writes := 0
	for _, call := range s.slack.Calls() {
		if call.Method == "chat.postMessage" || call.Method == "chat.update" {
			writes++
		}
	}
	t.add(fmt.Sprintf("%d messages, %d changes, a call a second: all up to date after (clock of its own)", slackRequests, changes), "s", figures{rampSide: clock.Sub(began).Seconds()})
	t.add("calls that write for these", "calls", figures{rampSide: float64(writes)})
	return nil
}

// firstFailure keeps the first thing that the stand-in says is wrong.
type firstFailure struct {
	mu  sync.Mutex
	err error
}

// Errorf implements require.TestingT.
func (f *firstFailure) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = fmt.Errorf(format, args...)
	}
}

// FailNow implements require.TestingT: nothing is measured of what is wrong.
func (f *firstFailure) FailNow() { panic(f.error()) }

func (f *firstFailure) error() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
