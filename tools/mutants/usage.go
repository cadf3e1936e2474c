package main

// usages returns the mutants of how access was used.
func usages() []mutant {
	closing, brokers := []string{"./activities -run TestClosingGoesOnWithoutUsage"}, []string{"./integrations -run TestUsageDoesNotHoldUpClosing"}
	host := []string{"./integrations/sshcert/hostfiles -run Case140|NoRecord|CountsOnce|UsageOf"}
	return []mutant{
		{"a target that hangs while it is asked about use holds up the end of access", "integrations/usage.go", "const usageTimeout = time.Second", "const usageTimeout = time.Minute", brokers},
		{"a target that is busy when it is asked about use holds up the end of access", "integrations/broker.go", " && op.class != pacing.Aside {", " {", brokers},
		{"asking how access was used takes turns from what closes access", "integrations/pacing/limiter.go", "append(order, Aside)", "append([]Class{Aside}, order...)", []string{"./integrations/pacing -run TestAside"}},
		{"what a target does not say in time counts as not used", "integrations/usage.go", "			u = access.Usage{Kind: access.UsageNotKnown}", "			u = access.Usage{Kind: access.UsageSessions}", closing},
		{"a usage that makes no sense is recorded", "integrations/usage.go", "return u, u.Validate().Err()", "return u, nil", []string{"./integrations -run TestBrokerBelievesNoUsage"}},
		{"a usage that no receipt can hold keeps a closing from being recorded", "access/usage.go", "at.Year() >= 1970 && at.Year() <= 9999", "true", []string{"./activities -run TestUsageThatNoRecord"}},
		{"a target says that a grant was in use for longer than there was time", "access/usage.go", " <= span, ", " <= span || true, ", []string{"./access -run TestUsageInAnEvent"}},
		{"each of many moments is a second of use", "access/usage.go", "		used += s.To.Sub(s.From)\n", "		used += s.To.Sub(s.From).Truncate(time.Second) + time.Second\n", []string{"./access -run TestUsageOfMoments"}},
		{"closing that is tried again forgets how access was used", "activities/usage.go", "there && !now.Used() {", "there && false {", []string{"./activities -run TestUsageOutlives"}},
		{"the event of a closing says otherwise than the worker how access was used", "evidence/verify_log.go", "if !sameUsage(ev, r) {", "if false && !sameUsage(ev, r) {", []string{"./evidence -run TestCase140"}},
		{"a usage that somebody changed in the ledger is shown", "access/usage.go", "if r.TimelineCheck.IsAltered(e) {", "if false {", []string{"./access -run TestAlteredUsage"}},
		{"a look does not note what is in use", "reconcile/reconciler.go", "if err := r.Broker.WatchUsage(ctx, target); err != nil {", "if err := error(nil); err != nil {", []string{"./reconcile -run TestEachLook"}},
		{"a login that the host refused is use", "integrations/sshcert/hostfiles/usage.go", "if c.Refused {", "if false && c.Refused {", host},
		{"a connection counts twice", "integrations/sshcert/hostfiles/usage.go", "if !slices.Contains(before, c.id()) {", "if true || slices.Contains(before, c.id()) {", host},
		{"a grant whose connections nobody recorded counts as not used", "integrations/sshcert/hostfiles/usage.go", "	if err != nil || !there {\n		return u, false, err", "	if err != nil {\n		return u, false, err", host},
		{"what a look did not see counts as not used", "access/usage.go", "return u.Kind == UsageSessions }", "return u.Kind != UsageLast }", []string{"./review -run TestFindings", "./review/record -run TestUsageOfSeveral"}},
	}
}
