package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/witness"
)

// Cosigner is a witness that cosigns checkpoints; see witness.Client.
type Cosigner interface {
	Name() string
	Key() evidence.Witness
	Cosign(ctx context.Context, signed string, from int64, hashes tlog.HashReader) (line string, at time.Time, err error)
}

// WitnessConfig says who is asked to cosign the log's checkpoints. The zero WitnessConfig
// asks nobody.
type WitnessConfig struct {
	Quorum     int
	AlarmAfter time.Duration // for how long the log may grow without a quorum's cosignatures
	Members    []Cosigner
}

// witnessLedger keeps what witnesses have cosigned.
type witnessLedger interface {
	KeepWitnessed(ctx context.Context, origin string, size int64, signed string, at time.Time) error
	KeepCosignature(ctx context.Context, origin string, size int64, c ledger.Cosignature) error
	ForgetWitnessed(ctx context.Context, origin string, size int64) error
	Witnessed(ctx context.Context, origin string, limit int) ([]ledger.WitnessedCheckpoint, error)
	eventAppender
}

// witnessing has the log's checkpoints cosigned. Servers that share a ledger take turns by
// what it holds: all ask for the same checkpoint, so that cosignatures come together.
type witnessing struct {
	config WitnessConfig
	log    *auditor
	ledger witnessLedger
	keys   evidence.Keyring // of the servers
	now    clock

	mu        sync.Mutex
	asked     map[string]asked // by the witness's name
	witnessed int64            // the most that this process has known to be witnessed
	lacking   time.Time        // since when it has known of more that is not
	figures   WitnessFigures
}

// asked is what this process knows of a witness.
type asked struct {
	size     int64 // the largest checkpoint that it has cosigned
	failures int   // since it last cosigned
	next     time.Time
	disputed bool // it refuses the proof that the log goes on from what it has cosigned
	ahead    bool // it says, without a proof, that it has cosigned more than there is
	problem  string
}

const (
	askWitnessesEvery = 10 * time.Second
	cosignEvery       = time.Minute // how often there is a new checkpoint for witnesses
	cosignWithin      = 20 * time.Second
	slowest           = 10 * time.Minute // between two tries of a witness that fails
	mostKept          = 200              // checkpoints that are looked at
	alwaysKept        = 50               // that are kept beyond the newest with a quorum
)

// CosignCheckpoints has witnesses cosign the log as it grows, until ctx ends.
func (w *witnessing) CosignCheckpoints(ctx context.Context) {
	if len(w.config.Members) == 0 {
		return
	}
	repeat(ctx, askWitnessesEvery, func() {
		if err := w.round(ctx); err != nil && ctx.Err() == nil {
			w.log.log.WithError(err).Warn("the log's checkpoints could not be given to witnesses")
		}
	})
}

// round asks those witnesses that have not cosigned the checkpoint at hand, and says
// whether the log is witnessed.
func (w *witnessing) round(ctx context.Context) error {
	at, signed, err := w.log.checkpoint(ctx)
	if err != nil {
		return err
	}
	list, err := w.kept(ctx, at)
	if err != nil {
		return err
	}
	now := w.now()
	if at.Size > 0 && (len(list) == 0 || at.Size > list[0].Size && now.Sub(list[0].At) >= cosignEvery) {
		if err := w.ledger.KeepWitnessed(ctx, at.Origin, at.Size, signed, now); err != nil {
			return err
		}
		if list, err = w.kept(ctx, at); err != nil {
			return err
		}
	}
	if len(list) > 0 && w.ask(ctx, list[0]) {
		if list, err = w.kept(ctx, at); err != nil {
			return err
		}
	}
	return w.judge(ctx, list, at)
}

// cosigned is a checkpoint with the cosignatures that are valid, by the witness's name.
type cosigned struct {
	ledger.WitnessedCheckpoint
	by map[string]time.Time
}

// text is the signed note with its cosignatures.
func (c cosigned) text() string {
	var b strings.Builder
	b.WriteString(c.Signed)
	for _, line := range c.Cosignatures {
		b.WriteString(line.Line)
	}
	return b.String()
}

// kept returns the checkpoints of the log that witnesses were to cosign, the largest first,
// from the newest that a quorum has cosigned on, and some before it. What somebody else has
// written into the ledger's tables is left out: no server's signature, or a line that is no
// cosignature.
func (w *witnessing) kept(ctx context.Context, at evidence.Checkpoint) (out []cosigned, err error) {
	list, err := w.ledger.Witnessed(ctx, at.Origin, mostKept)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		if valid, ok := w.valid(one, at); ok {
			out = append(out, valid)
		}
	}
	return out, nil
}

// valid returns a checkpoint that is kept with what is valid of its cosignatures; not ok for
// one that no server of this log has signed.
func (w *witnessing) valid(one ledger.WitnessedCheckpoint, at evidence.Checkpoint) (valid cosigned, ok bool) {
	if c, err := w.keys.VerifyCheckpoint(one.Signed); err != nil || c.Size != one.Size || c.Size < 1 || c.Size > at.Size || c.Origin != at.Origin {
		return valid, false
	}
	if one.At.After(w.now().Add(cosignEvery)) {
		one.At = time.Unix(0, 0).UTC() // else a time in the future would put off the next for ever
	}
	valid = cosigned{WitnessedCheckpoint: one, by: map[string]time.Time{}}
	valid.Cosignatures = nil
	for _, m := range w.config.Members {
		for _, c := range one.Cosignatures {
			if c.Witness != m.Key().ID() {
				continue
			}
			if line, when, err := m.Key().Cosignature(one.Signed, c.Line); err == nil {
				valid.by[m.Name()] = when
				valid.Cosignatures = append(valid.Cosignatures, ledger.Cosignature{Witness: c.Witness, Line: line, At: when})
			}
		}
	}
	return valid, true
}

// ask asks all witnesses at once that have not cosigned a checkpoint and are due, and
// reports whether one has.
func (w *witnessing) ask(ctx context.Context, c cosigned) bool {
	ctx, cancel := context.WithTimeout(ctx, cosignWithin)
	defer cancel()
	var asking sync.WaitGroup
	results := make([]bool, len(w.config.Members))
	for i, m := range w.config.Members {
		if _, has := c.by[m.Name()]; has {
			continue
		}
		w.mu.Lock()
		last := w.asked[m.Name()]
		w.mu.Unlock()
		if w.now().Before(last.next) {
			continue
		}
		asking.Go(func() {
			now, done := w.askOne(ctx, m, c, last)
			results[i] = done
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked[m.Name()] = now
		})
	}
	asking.Wait()
	for _, done := range results {
		if done {
			return true
		}
	}
	return false
}

// askOne asks one witness, and returns what is known of it then.
func (w *witnessing) askOne(ctx context.Context, m Cosigner, c cosigned, last asked) (now asked, done bool) {
	line, at, err := m.Cosign(ctx, c.Signed, last.size, w.log.ledger.HashReader(ctx))
	if err == nil {
		err = w.ledger.KeepCosignature(ctx, c.Origin, c.Size, ledger.Cosignature{Witness: m.Key().ID(), Line: line, At: at})
	}
	if err == nil {
		return asked{size: c.Size}, true
	}
	log := w.log.log.WithField("witness", m.Name())
	var ahead *witness.Ahead
	if errors.As(err, &ahead) {
		tree, treeErr := w.log.ledger.Tree(ctx)
		switch {
		case treeErr != nil:
			err = treeErr
		case ahead.Size > tree.Size:
			// It cosigns what a server has signed, so a server has signed more than there is.
			now.ahead = true
			err = access.Errorf(access.CodeEvidence, "the witness says that it has cosigned %d events of a log of this name, and this one has %d", ahead.Size, tree.Size)
		default: // another server was first; the next checkpoint is larger
			return asked{size: ahead.Size, next: w.now().Add(cosignEvery)}, false
		}
	}
	now = asked{size: last.size, failures: last.failures + 1, problem: sentence(err), ahead: now.ahead, disputed: errors.Is(err, witness.ErrOtherLog)}
	now.next = w.now().Add(min(slowest, askWitnessesEvery<<min(now.failures, 10)))
	if now.disputed || now.ahead {
		log.WithError(err).Error("a witness disputes the log: somebody may have been shown another one")
	} else if last.problem != now.problem && ctx.Err() == nil {
		log.WithError(err).Warn("a witness has not cosigned the log; it is asked again")
	}
	return now, false
}

// sentence returns why a witness has not cosigned, in Ramp's own words.
func sentence(err error) string {
	if access.CodeOf(err) == access.CodeInternal {
		return "it could not be asked; the server's log says more"
	}
	return access.Clip(err.Error(), 200)
}

// judge says whether the log is witnessed, and records an alarm, once an hour, if it is
// not for longer than it may, or if a witness disputes it.
func (w *witnessing) judge(ctx context.Context, list []cosigned, at evidence.Checkpoint) error {
	f := w.figure(list, at)
	w.mu.Lock()
	w.figures = f
	w.mu.Unlock()
	if len(list) > alwaysKept && list[alwaysKept].Size < f.Witnessed {
		if err := w.ledger.ForgetWitnessed(ctx, at.Origin, list[alwaysKept].Size); err != nil {
			return err
		}
	}
	if f.Problem == "" {
		return nil
	}
	detail := map[string]string{"after": fmt.Sprint(f.Witnessed), "quorum": fmt.Sprint(w.config.Quorum)}
	if disputed := slices.Concat(f.Disputed, f.Ahead); len(disputed) > 0 {
		detail["disputed"] = strings.Join(disputed, ",")
	}
	return w.ledger.AppendEvent(ctx, access.Event{At: w.now(), Kind: access.EventLogUnwitnessed, Actor: access.ActorRamp, Message: f.Problem,
		Detail: detail, Key: fmt.Sprint("log unwitnessed ", detail["disputed"], " ", f.Lacking, " ") + w.now().Format("2006-01-02 15h")})
}

// WitnessFigures say how far the log was witnessed when this server looked last.
type WitnessFigures struct {
	Witnessed   int64
	WitnessedAt time.Time // when that checkpoint was made
	Cosigned    map[string]time.Time
	Disputed    []string // witnesses that have seen another log
	Ahead       []string // witnesses that say, without a proof, that they have cosigned more than there is
	Lacking     bool     // for longer than it may, the log has more than a quorum has cosigned
	Problem     string   // why that is an alarm; "" if it is none
}

// figure decides from what is kept, the largest first, and from what this process
// remembers: whoever writes to the ledger could make what is kept look young.
func (w *witnessing) figure(list []cosigned, at evidence.Checkpoint) (f WitnessFigures) {
	f.Cosigned = map[string]time.Time{}
	var since time.Time // when the first checkpoint was made that no quorum has cosigned
	for _, c := range list {
		for name, when := range c.by {
			if when.After(f.Cosigned[name]) {
				f.Cosigned[name] = when
			}
		}
		if f.Witnessed > 0 {
			continue
		}
		if len(c.by) >= w.config.Quorum {
			f.Witnessed, f.WitnessedAt = c.Size, c.At
		} else {
			since = c.At
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if f.Witnessed > w.witnessed {
		w.witnessed, w.lacking = f.Witnessed, time.Time{}
	}
	if at.Size > f.Witnessed && w.lacking.IsZero() {
		w.lacking = w.now()
	}
	if !w.lacking.IsZero() && (since.IsZero() || w.lacking.Before(since)) {
		since = w.lacking
	}
	for _, m := range w.config.Members {
		switch last := w.asked[m.Name()]; {
		case last.disputed:
			f.Disputed = append(f.Disputed, m.Name())
		case last.ahead:
			f.Ahead = append(f.Ahead, m.Name())
		}
	}
	f.Lacking = at.Size > f.Witnessed && w.now().Sub(since) > w.config.AlarmAfter
	// Each is said beside the others: one witness that lies, or is broken, must not hide
	// that the others are away.
	var problems []string
	if len(f.Disputed) > 0 {
		problems = append(problems, fmt.Sprintf("Witnesses dispute the log: %s saw another one under its name.", strings.Join(f.Disputed, ", ")))
	}
	if len(f.Ahead) > 0 {
		problems = append(problems, fmt.Sprintf("By the word of %s, witnesses have cosigned more of the log than there is: it was cut off, or the word is false.", strings.Join(f.Ahead, ", ")))
	}
	if f.Lacking {
		problems = append(problems, fmt.Sprintf("Fewer than %d of %d witnesses have cosigned what the log has after event %d, for longer than %s.", w.config.Quorum, len(w.config.Members), f.Witnessed, w.config.AlarmAfter))
	}
	f.Problem = strings.Join(problems, " ")
	return f
}

// WitnessFigures returns how far the log was witnessed when this server looked last.
func (w *witnessing) WitnessFigures() WitnessFigures {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.figures
}
