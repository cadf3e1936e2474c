package review

// Make returns the report on requests: those that were asked for in the period, with the
// earlier ones as history. Requests must be in the order of AskedAt, refusals in that of
// At.
func Make(requests []Request, refusals []Refusal, contracts []Contract, period Period, thresholds Thresholds) Report {
	m := New(contracts, period, thresholds)
	for _, r := range requests {
		m.Add(r)
	}
	for _, r := range refusals {
		m.Refuse(r)
	}
	return m.Report()
}
