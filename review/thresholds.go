package review

import (
	"time"

	"ramp.dev/ramp/access"
)

// Thresholds say from where on something is a finding. A zero field has the value of
// DefaultThresholds.
type Thresholds struct {
	// History is how far before the period people's habits are learned.
	History access.Duration `yaml:"history" json:"history"`
	// HistoryLeast is how many earlier requests of a person, or else of their team, there must
	// be before anything is called unusual against them.
	HistoryLeast int `yaml:"historyLeast" json:"historyLeast"`

	NeverUsed   int     `yaml:"neverUsed" json:"neverUsed"`     // so many unused accesses of one person under one contract
	LittleUsed  float64 `yaml:"littleUsed" json:"littleUsed"`   // the median part of its time for which access is used is at most this
	LittleLeast int     `yaml:"littleLeast" json:"littleLeast"` // so many accesses of which the use is known
	HeldLong    float64 `yaml:"heldLong" json:"heldLong"`       // the part of the period for which one person holds access

	Fast          access.Duration `yaml:"fast" json:"fast"`                   // an approval within this is fast
	FastLeast     int             `yaml:"fastLeast" json:"fastLeast"`         // so many fast approvals of one person
	FastShare     float64         `yaml:"fastShare" json:"fastShare"`         // and they are this part of the person's approvals
	ApproverShare float64         `yaml:"approverShare" json:"approverShare"` // one person's part of all approvals under a contract
	ApproverLeast int             `yaml:"approverLeast" json:"approverLeast"` // of so many
	PairLeast     int             `yaml:"pairLeast" json:"pairLeast"`         // so many approvals in each direction
	PairShare     float64         `yaml:"pairShare" json:"pairShare"`         // and they are this part of what each of the two had approved

	OffHours     float64 `yaml:"offHours" json:"offHours"`         // the part of earlier requests within an hour of that time of the day, at most
	UnusualTimes float64 `yaml:"unusualTimes" json:"unusualTimes"` // so many times the person's own usual week, or length
	UnusualLeast int     `yaml:"unusualLeast" json:"unusualLeast"` // and at least so many requests
	CopiedLeast  int     `yaml:"copiedLeast" json:"copiedLeast"`   // so many requests of one person with the same reason
	DenialsLeast int     `yaml:"denialsLeast" json:"denialsLeast"` // so many denials of one person under one contract
	RefusedLeast int     `yaml:"refusedLeast" json:"refusedLeast"` // so many refused acts of one person, of one kind
	LapsedLeast  int     `yaml:"lapsedLeast" json:"lapsedLeast"`   // so many requests under a contract that nobody decided
	LapsedShare  float64 `yaml:"lapsedShare" json:"lapsedShare"`   // and they are this part of all

	// UseLeast is how many requests under a contract there must be, with its history, before
	// anything about its width is said; IdleAfter is after how long without one it is unused.
	UseLeast  int             `yaml:"useLeast" json:"useLeast"`
	IdleAfter access.Duration `yaml:"idleAfter" json:"idleAfter"`
	MaxOver   float64         `yaml:"maxOver" json:"maxOver"` // the maximum is more than so many times what 99 of 100 were open
}

// DefaultThresholds are those with which docs/review.md reports how many findings are
// right, and how many are missed.
func DefaultThresholds() Thresholds {
	return Thresholds{
		History: access.Duration(90 * 24 * time.Hour), HistoryLeast: 20,
		NeverUsed: 4, LittleUsed: 0.08, LittleLeast: 5, HeldLong: 0.25,
		Fast: access.Duration(10 * time.Second), FastLeast: 5, FastShare: 0.5,
		ApproverShare: 0.9, ApproverLeast: 15, PairLeast: 6, PairShare: 0.5,
		OffHours: 0.01, UnusualTimes: 5, UnusualLeast: 15, CopiedLeast: 5, DenialsLeast: 3, RefusedLeast: 10,
		LapsedLeast: 6, LapsedShare: 0.3,
		UseLeast: 30, IdleAfter: access.Duration(90 * 24 * time.Hour), MaxOver: 3,
	}
}

// withDefaults returns the thresholds with the default in the place of each zero.
func (t Thresholds) withDefaults() Thresholds {
	d := DefaultThresholds()
	for _, f := range []struct{ is, usual *access.Duration }{
		{&t.History, &d.History}, {&t.Fast, &d.Fast}, {&t.IdleAfter, &d.IdleAfter},
	} {
		orDefault(f.is, *f.usual)
	}
	for _, f := range []struct{ is, usual *int }{
		{&t.HistoryLeast, &d.HistoryLeast}, {&t.NeverUsed, &d.NeverUsed}, {&t.LittleLeast, &d.LittleLeast}, {&t.FastLeast, &d.FastLeast},
		{&t.ApproverLeast, &d.ApproverLeast}, {&t.PairLeast, &d.PairLeast}, {&t.UnusualLeast, &d.UnusualLeast}, {&t.CopiedLeast, &d.CopiedLeast},
		{&t.DenialsLeast, &d.DenialsLeast}, {&t.RefusedLeast, &d.RefusedLeast}, {&t.LapsedLeast, &d.LapsedLeast}, {&t.UseLeast, &d.UseLeast},
	} {
		orDefault(f.is, *f.usual)
	}
	for _, f := range []struct{ is, usual *float64 }{
		{&t.LittleUsed, &d.LittleUsed}, {&t.HeldLong, &d.HeldLong}, {&t.FastShare, &d.FastShare}, {&t.ApproverShare, &d.ApproverShare},
		{&t.PairShare, &d.PairShare}, {&t.OffHours, &d.OffHours}, {&t.UnusualTimes, &d.UnusualTimes}, {&t.LapsedShare, &d.LapsedShare}, {&t.MaxOver, &d.MaxOver},
	} {
		orDefault(f.is, *f.usual)
	}
	return t
}

// Validate returns what is wrong with thresholds, each with its field. That the history is a
// year at the most is held by access.Duration as it is read.
func (t Thresholds) Validate() (issues access.Issues) {
	parts := map[string]float64{"littleUsed": t.LittleUsed, "heldLong": t.HeldLong, "fastShare": t.FastShare, "approverShare": t.ApproverShare,
		"pairShare": t.PairShare, "offHours": t.OffHours, "lapsedShare": t.LapsedShare}
	for _, name := range sortedKeys(parts) {
		if p := parts[name]; !(p >= 0 && p <= 1) {
			issues.Add("threshold_part", name, "a part is between 0 and 1, such as 0.25")
		}
	}
	if h := t.History.Std(); h != 0 && h < 7*Weeks*24*time.Hour {
		issues.Add("threshold_history", "history", "a history of %d days at least is needed, as long as a weekly review's period; left out, it is the default", 7*Weeks)
	}
	factors := map[string]float64{"unusualTimes": t.UnusualTimes, "maxOver": t.MaxOver}
	for _, name := range sortedKeys(factors) {
		if f := factors[name]; f != 0 && !(f >= 1 && f <= 1000) {
			issues.Add("threshold_factor", name, "a factor is between 1 and 1000")
		}
	}
	counts := map[string]int{"historyLeast": t.HistoryLeast, "neverUsed": t.NeverUsed, "littleLeast": t.LittleLeast, "fastLeast": t.FastLeast, "approverLeast": t.ApproverLeast,
		"pairLeast": t.PairLeast, "unusualLeast": t.UnusualLeast, "copiedLeast": t.CopiedLeast, "denialsLeast": t.DenialsLeast, "refusedLeast": t.RefusedLeast,
		"lapsedLeast": t.LapsedLeast, "useLeast": t.UseLeast}
	for _, name := range sortedKeys(counts) {
		if counts[name] < 0 {
			issues.Add("threshold_count", name, "a number of 1 or more is needed; left out, it is the default")
		}
	}
	return issues
}

func orDefault[T comparable](is *T, usual T) {
	var zero T
	if *is == zero {
		*is = usual
	}
}
