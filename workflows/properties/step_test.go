package properties

import (
	"fmt"
	"strings"
	"time"

	"pgregory.net/rapid"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/activities/api"
	"ramp.dev/ramp/integrations/faketarget"
)

// step is one thing that happens, some time after the one before.
type step struct {
	after time.Duration
	text  string
	do    func(*simulation)
}

// GoString is what rapid prints of a counterexample.
func (a step) GoString() string { return a.String() }

func (a step) String() string { return fmt.Sprintf("%s later, %s", a.after, a.text) }

// pauses are mostly short, or a scenario would be over before much happened; the
// long ones lie on either side of the plan's clocks.
func pauses() *rapid.Generator[time.Duration] {
	short := rapid.SampledFrom([]time.Duration{0, time.Second, 10 * time.Second, time.Minute, 5 * time.Minute})
	long := rapid.SampledFrom([]time.Duration{10 * time.Minute, 29 * time.Minute, 30 * time.Minute, 31 * time.Minute, 61 * time.Minute})
	return rapid.OneOf(short, short, short, short, short, long)
}

func timed(what *rapid.Generator[step]) *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		a := what.Draw(t, "step")
		a.after = pauses().Draw(t, "pause")
		return a
	})
}

// scenario draws what happens to one request: some trouble, approvals that suffice
// more often than not, and then everything else.
func scenario() *rapid.Generator[[]step] {
	trouble := timed(rapid.OneOf(anyDecision(), fault(), slow(), ledgerDown()))
	rest := timed(rapid.OneOf(anyDecision(), again(), extension(), extension(), pickUp(), endRequest(), fault(), fault(), slow(), ledgerDown(), byHand()))
	return rapid.Custom(func(t *rapid.T) []step {
		steps := rapid.SliceOfN(trouble, 0, 4).Draw(t, "trouble")
		for _, p := range people()[:3] {
			if rapid.IntRange(0, 4).Draw(t, p.ID) > 0 {
				a := decides(p, access.Approve, "", rapid.Bool().Draw(t, "by signal"))
				a.after = rapid.SampledFrom([]time.Duration{0, time.Second, time.Minute}).Draw(t, "pause")
				steps = append(steps, a)
			}
		}
		return append(steps, rapid.SliceOfN(rest, 0, 10).Draw(t, "rest")...)
	})
}

// flaws of a statement that would let it count if nobody looked. Most have none.
var flaws = []string{"", "", "", "forged", "for another digest", "for another request"}

func anyDecision() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		return decides(rapid.SampledFrom(people()).Draw(t, "who"),
			rapid.SampledFrom([]access.Verdict{access.Approve, access.Deny}).Draw(t, "verdict"),
			rapid.SampledFrom(flaws).Draw(t, "flaw"), rapid.Bool().Draw(t, "by signal"))
	})
}

func decides(who access.Person, v access.Verdict, flaw string, bySignal bool) step {
	text := fmt.Sprintf("%s says %s", who.ID, v)
	if flaw != "" {
		text += ", " + flaw
	}
	if bySignal {
		text += ", by a signal"
	}
	return step{text: text, do: func(s *simulation) { s.decides(who, v, flaw, bySignal) }}
}

func again() *rapid.Generator[step] {
	return rapid.Just(step{text: "the last decision is sent again", do: (*simulation).again})
}

func extends(who access.Person, number int, adds time.Duration, flaw string) step {
	return step{text: strings.TrimSpace(fmt.Sprintf("%s extends (no. %d) by %s %s", who.ID, number, adds, flaw)),
		do: func(s *simulation) { s.extends(who, number, adds, flaw) }}
}

func extension() *rapid.Generator[step] {
	return rapid.OneOf(rapid.Just(extends(requester(), 1, 10*time.Minute, "")), rapid.Custom(func(t *rapid.T) step {
		who := rapid.SampledFrom([]access.Person{requester(), requester(), requester(), people()[0]}).Draw(t, "who")
		adds := rapid.SampledFrom([]time.Duration{10 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, -10 * time.Minute, 0}).Draw(t, "adds")
		number := rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(t, "number")
		flaw := rapid.SampledFrom(append([]string{"from a later end", "again"}, flaws...)).Draw(t, "flaw")
		return extends(who, number, adds, flaw)
	}))
}

func pickUp() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		who := rapid.SampledFrom([]access.Person{requester(), people()[0]}).Draw(t, "who")
		flaw := rapid.SampledFrom(flaws).Draw(t, "flaw")
		return step{text: strings.TrimSpace(fmt.Sprintf("%s picks up a credential %s", who.ID, flaw)), do: func(s *simulation) { s.picksUp(who, flaw) }}
	})
}

func endRequest() *rapid.Generator[step] {
	return rapid.OneOf(rapid.Custom(func(t *rapid.T) step {
		kind := rapid.SampledFrom([]access.EndKind{access.EndCancel, access.EndRelease, access.EndRevoke}).Draw(t, "kind")
		if rapid.IntRange(0, 3).Draw(t, "lost") == 0 {
			return step{text: "somebody orders the end, and Temporal loses it: " + string(kind), do: func(s *simulation) { s.ordersEnd(kind) }}
		}
		return step{text: "somebody orders the end: " + string(kind), do: func(s *simulation) { s.ends(kind) }}
	}), rapid.Just(step{text: "an operator cancels the workflow", do: (*simulation).cancels}))
}

func fault() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		op := rapid.SampledFrom([]faketarget.Op{faketarget.OpGrant, faketarget.OpExtend, faketarget.OpInspect, faketarget.OpRevoke}).Draw(t, "operation")
		f := rapid.SampledFrom(faketarget.Faults(op)[1:]).Draw(t, "fault")
		times := rapid.IntRange(1, 3).Draw(t, "times")
		return step{text: fmt.Sprintf("the target's next %d of %s: %s", times, op, f), do: func(s *simulation) { s.breaks(op, f, times) }}
	})
}

func slow() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		name := rapid.SampledFrom([]string{api.VerifyDecisions, api.OpenGrant, api.ExtendGrant, api.CloseGrant, api.RecordTransition}).Draw(t, "activity")
		d := rapid.SampledFrom([]time.Duration{time.Second, 20 * time.Second, time.Minute}).Draw(t, "takes")
		return step{text: fmt.Sprintf("the next %s takes %s", name, d), do: func(s *simulation) { s.slow[name] = append(s.slow[name], d); s.troubled += d }}
	})
}

func ledgerDown() *rapid.Generator[step] {
	return rapid.Custom(func(t *rapid.T) step {
		n := rapid.IntRange(1, 4).Draw(t, "writes")
		lost := rapid.Bool().Draw(t, "written")
		text := fmt.Sprintf("the ledger's next %d writes fail", n)
		if lost {
			text = fmt.Sprintf("the ledger's next %d writes are written and not answered", n)
		}
		return step{text: text, do: func(s *simulation) { s.ledger.fail(n, lost); s.troubled += time.Duration(n) * retryAtMost }}
	})
}

func byHand() *rapid.Generator[step] {
	return rapid.Just(step{text: "somebody removes the first grant by hand", do: func(s *simulation) { s.target.Remove(s.plan.Grants[0].Name) }})
}
