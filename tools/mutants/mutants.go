package main

// The tests that should miss a defence.
const (
	properties = "./workflows/properties -run TestPromises -rapid.checks=500 -rapid.seed=1"
	workflow   = "./workflows -run Access|Case|Extension|Flood"
	activity   = "./activities"
	tally      = "./access -run Tally"
	term       = "./access -run Term|Sums|MoreOrders|LeavingOut"
	may        = "./access -run Allows|Extend"
	proof      = "./evidence"
	seen       = "./server -run Case53"
	once       = "./internal/strictjson"
	book       = "./ledger"
	logs       = "./server/app -run Case6[67].*/sqlite"
	book58     = "./ledger -run TestLedger/sqlite/Case58"
	broker     = "./integrations"
	people     = "./access -run Case06|OneHuman"
	known      = "./server/auth -run Case02|Directory|LeftLinked|OneWhoLeft"
	records    = "./ledger -run Case51.*/sqlite"
	sealed     = "./server/auth -run Case50.*/sqlite|Case72LoginsAreSealed"
	provisions = "./server/scim -run WhoMaySpeak"
	passkeys   = "./passkey"
	contract   = "./contracts"
	captured   = "./worker -run TestCapturedServer"
	logins     = "./server/auth -run IDToken"
	closes     = "./activities -run TestCloser"
	third      = "./reconcile -run Forged"
	handed     = "./cmd/ramp/internal/people -run Case54|Case78|Case79"
	extended   = "./cmd/ramp/internal/people -run Case76"
	signalled  = "./cmd/ramp/internal/people -run Case77SignalsEndEverything/SIG"
	fields     = "./config/field"
	stories    = "./tools/histories -run Scenarios/released-while-opening"
)

func mutants() []mutant {
	return []mutant{
		{"a condition is nested deeper than plans are read", "contracts/approver_condition.go", "nesting(c.parsed.Expr()) > maxNesting", "nesting(c.parsed.Expr()) > 1000", []string{"./contracts -run Nesting"}},
		{"small Cherokee letters are other letters than capitals", "access/fold.go", "return r - 0xAB70 + 0x13A0", "return r", []string{"./access -run FoldID"}},
		// The ledger against itself.
		{"the ledger calls over what has a grant that is not closed", "ledger/contradiction.go", "case to.Final() && h.notClosed > 0:", "case false:", []string{book58, "./activities -run Case58"}},
		{"the ledger calls active what has nothing open", "ledger/contradiction.go", "case to == access.StateActive && h.open == 0:", "case false:", []string{book58}},
		{"the ledger calls denied what nobody denied", "ledger/contradiction.go", "\t\treturn q.checkDenied(ctx, t)\n", "", []string{book58}},
		{"the ledger shows an end that no grant has", "ledger/contradiction.go", "if t.ExpiresAt != nil && held.latest.Before(", "if false && held.latest.Before(", []string{book58}},
		{"anything is recorded that Temporal asks for", "activities/record.go", "\tif t.Decisions != nil || t.Stages != nil {", "\treturn nil\n\tif t.Decisions != nil || t.Stages != nil {", []string{"./activities -run Case58"}},
		{"access begins when a message says so", "ledger/advance.go", "coalesce(active_at, (SELECT max(opened_at) FROM grants WHERE request_id = requests.id), ?)", "?", []string{"./activities -run Case58"}},
		{"extensions are recorded that nobody ordered", "ledger/contradiction.go", "if int64(*t.Extensions) > ordered {", "if false {", []string{"./activities -run Case58"}},
		{"closing records whatever it is given", "activities/close.go", "if step == nil || checkRecordable(*step) != nil {", "if step == nil {", []string{"./activities -run Case58"}},
		{"what the ledger calls over is believed", "reconcile/diff.go", "case s.Over[row.RequestID]:", "case false:", []string{"./reconcile -run Case58"}},
		{"a page goes on saying that it is gone", "reconcile/remedy.go", "if f.Kind == Contradicted && (over ||", "if false && (over ||", []string{"./reconcile -run Case58"}},
		{"a false state keeps a denial out", "server/app/decide.go", "\tcase v == access.Deny:\n\t\treturn nil\n", "", []string{"./server/app -run Case58"}},
		{"one damaged row hides every grant of its target", "ledger/grants.go", "\t\tg.Damaged, g.Entitlement = true, nil\n", "\t\treturn g, g.damaged()\n", []string{"./ledger -run TestLedger/sqlite/one_grant_that_cannot_be_read", "./reconcile -run OneDamagedRow"}},
		{"a damaged number hides every grant of its target", "ledger/grants.go", "*n = number{damaged: true}", "return access.Errorf(access.CodeEvidence, \"damaged\")", []string{"./ledger -run TestLedger/sqlite/one_grant_that_cannot_be_read", "./reconcile -run OneDamagedRow"}},
		{"a damaged row stays open", "reconcile/diff.go", "case row.Damaged:", "case false:", []string{"./reconcile -run OneDamagedRow"}},
		{"what is being opened hides what is due", "ledger/due.go", "AND (status <> 'intended' OR expires_at <= ?)", "AND (status <> '' OR expires_at <= ?)", []string{"./ledger -run TestLedger/sqlite/what_is_being_opened"}},
		{"a comment reverses the text beside it", "server/app/decide.go", "if i := strings.IndexFunc(s, strictyaml.Hidden); i >= 0 {", "if i := strings.IndexFunc(s, strictyaml.Hidden); i > len(s) {", []string{"./server/app -run Case08"}},
		{"a name reverses the text beside it", "server/auth/claims.go", "case strictyaml.Hidden(r):", "case strictyaml.Hidden(r) && r < 0:", []string{"./server/auth -run Case08"}},
		{"each refusal is an event", "server/app/refusals.go", "\tif again == nil {\n\t\tr.append(ctx, e)\n\t}\n", "\tr.append(ctx, e)\n", []string{"./server/app -run Case65"}},
		{"how often somebody was refused is forgotten", "server/app/refusals.go", "if again.times == 0 {", "if true {", []string{"./server/app -run Case65"}},
		{"a stranger writes into a timeline", "server/app/refusals.go", "e.Kind, e.Detail[\"request\"] = access.EventActRefused, id", "e.Kind, e.Detail[\"request\"], e.RequestID = access.EventActRefused, id, id", []string{"./server/app -run Case65"}},
		{"refusals push decisions out of a timeline", "ledger/requests.go", "selectEvents+of+`NOT IN `+refusalKinds, id)", "selectEvents+of+`NOT IN `+refusalKinds+` AND seq < 700`, id)", []string{"./ledger -run TestLedger/sqlite/Case65"}},
		{"what an earlier process signed is forgotten", "server/app/checkpoint.go", "if kept.Size > a.last.at.Size {", "if false {", []string{logs}},
		{"a shorter log is signed", "server/app/checkpoint.go", "case last.Origin != tree.Origin || tree.Size < last.Size:\n\t\treturn false, nil\n", "case last.Origin != tree.Origin || tree.Size < last.Size:\n\t\treturn true, nil\n", []string{logs}},
		{"another log of the same length is signed", "server/app/checkpoint.go", "return root == last.Root, err", "_ = root\n\treturn true, err", []string{logs}},
		{"what cannot be kept is signed", "server/app/checkpoint.go", "if err := a.store.Save(signed); err != nil {", "if err := a.store.Save(signed); false {", []string{logs}},
		{"an edited event is shown without a word", "server/app/timeline.go", "out.Altered = append(out.Altered, e.Seq)", "_ = proven", []string{logs}},
		{"a leaf is believed without its tree", "server/app/timeline.go", "return tlog.CheckRecord(proof, size, root, place, leaf) == nil, nil", "_ = proof\n\tstored, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, place)})\n\treturn err == nil && stored[0] == leaf, nil", []string{logs}},
		{"a cosignature of another checkpoint counts", "evidence/cosignature.go", "return ed25519.Verify(c.key, signed, sig[8:])", "return signed != nil", []string{"./evidence -run Case66"}},
		{"a full disk is ready", "ledger/room.go", "\tif _, err := l.LastSeq(ctx); err != nil {\n\t\treturn err\n\t}\n", "\tif _, err := l.LastSeq(ctx); err != nil || true {\n\t\treturn err\n\t}\n", []string{"./ledger -run Case84DiskFull"}},
		{"a full disk is one that is down", "ledger/room.go", "lite.Code()&0xff == lib.SQLITE_FULL ||", "lite == nil ||", []string{"./ledger -run Case84DiskFull"}},
		{"nobody is told that it is the ledger", "server/app/unanswered.go", "if ledger := q.ledger.Ping(ctx); ledger != nil &&", "if ledger := q.ledger.Ping(ctx); false &&", []string{"./server/app -run Case84"}},
		{"a stream comes to the same gap for ever", "server/app/events.go", "\tif feed.IsGap(err) {", "\tif false {", []string{"./server -run AStreamResumedBeforeAGap"}},
		// Closing.
		{"closing does not read back", "activities/close.go", "if !p.Gone() {", "if false {", []string{activity, properties}},
		{"closing does not wait until a read can be believed", "activities/close.go", "if err != nil || bounds.Consistency == 0 {", "if true {", []string{activity}},
		{"an error of closing may be permanent", "activities/close.go", "api.ToTemporalRetryable(t.closeAndRecord(ctx, in))", "api.ToTemporal(t.closeAndRecord(ctx, in))", []string{activity, properties}},
		{"closing is given up after some tries", "workflows/options.go", "HeartbeatTimeout:    5 * time.Second,\n\t\tRetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 30 * time.Second, MaximumAttempts: forever},", "HeartbeatTimeout:    5 * time.Second,\n\t\tRetryPolicy:         &temporal.RetryPolicy{InitialInterval: 500 * time.Millisecond, MaximumInterval: 30 * time.Second, MaximumAttempts: 5},", []string{workflow, properties}},
		{"closing runs on a context that cancellation reaches", "workflows/close.go", "closeOptions(c.ctx,", "closeOptions(c.openCtx,", []string{workflow, properties}},
		{"closing does not wait for openings under way", "workflows/open.go", "_ = workflow.Await(r.ctx, func() bool { return pending == 0 })", "", []string{stories}},
		{"a cancelled opening is not waited for", "workflows/options.go", "WaitForCancellation:    true", "WaitForCancellation:    false", []string{stories}},
		{"a decision that a crash lost stays lost", "reconcile/reconciler.go", "if u.Decided && (u.State", "if false && (u.State", []string{"./worker -run TestLostDecision"}},
		{"a pending request is asked to end by a signal only", "workflows/start.go", "return c.CancelWorkflow(ctx, id, \"\")", "return nil", []string{"./worker -run TestPending"}},
		{"a cancellation speaks for the signal that came with it", "workflows/listen.go", "\t\t\tr.drainEnds() //", "\t\t\tdefer r.drainEnds() //", []string{"./worker -run TestPending"}},
		{"a decision that came as a signal lapses unread", "workflows/decide.go", "return !r.verifying.IsLocked() && !r.verifyingSignal && !r.decisionWaits() })", "return true })", []string{"./worker -run TestPending"}},
		{"a workflow that was deleted is thought to run", "worker/running.go", "counted.GetCount() < int64(len(r.ids))", "counted.GetCount() < 0", []string{"./worker -run TestRunning"}},
		{"a timer outlives what it is for", "workflows/open.go", "\tdefer cancel()\n\ttimer", "\t_ = cancel\n\ttimer", []string{"./workflows -run TestNoTimerIsLeft"}},
		{"an overdue ending raises no alarm", "workflows/close.go", "\t\tc.markOverdue()\n", "", []string{workflow}},
		{"an opening that failed half way leaves what it opened", "workflows/access_request.go", "next = r.open()\n", "if next = r.open(); next == access.StateEnding && r.End == nil {\n\t\t\tnext = access.StateFailed\n\t\t}\n", []string{workflow, properties}},
		{"a denial is taken back", "workflows/decide.go", "if r.Tally == access.TallyDenied {", "if false {", []string{workflow}},
		{"a late denial changes nothing", "workflows/decide.go", "res.Tally == access.TallyDenied && r.State.MayHaveAccess() {", "false {", []string{workflow}},
		{"a flood of decisions is taken", "workflows/messages.go", "if received < limit {", "if true {", []string{workflow}},
		{"a worker waits to be asked by Temporal", "worker/watch.go", "if w.looks.since(w.target) < missedLooks*w.every {", "if true {", []string{"./worker -run TestCase59"}},
		{"an approval that is delivered late undoes a denial", "access/tally.go", "\t\treturn denies\n", "\t\treturn true\n", []string{"./access -run TestTally"}},
		{"an approval that is delivered late replaces the latest", "access/tally.go", "return !d.At.Before(earlier.At)", "return true", []string{"./access -run TestTally"}},
		{"an approval of a clock that is ahead undoes a denial", "access/tally.go", "denies != denied {", "false && denies != denied {", []string{"./access -run TestTally"}},
		{"a denial is signed with the time of a clock that is behind", "server/app/decide.go", "at = earlier.At.Add(time.Microsecond)", "_ = at", []string{"./server/app -run Case12"}},
		{"offboarding waits to be asked by Temporal", "directorysync/sync.go", "< missed*s.every {", "< 1000*time.Hour {", []string{"./directorysync -run TestCase59"}},
		{"a flood of junk keeps a denial out", "workflows/decide.go", "\tif !claimsDenial(m) {\n\t\tif err :=", "\tif true {\n\t\tif err :=", []string{workflow}},
		{"the closer ends before the time is over", "ledger/due.go", "AND status <> 'closed' AND expires_at <= ? AND `+inNoHand,", "AND status <> 'closed' AND expires_at <= ? + 99999999999 AND `+inNoHand,", []string{book}},
		{"the closer overtakes an opening under way", "activities/closer.go", "return row.ExpiresAt.Add(ledger.OpeningMayLast)", "return row.ExpiresAt", []string{closes}},
		{"the ledger's word for closed is taken", "activities/close.go", "return err == nil && p.Gone()\n", "return err == nil || p.Open\n", []string{closes}},
		{"closer and activity both ask the target", "activities/flights.go", "if there, ok := f.now[grant]; ok {", "if there, ok := f.now[grant]; ok && false {", []string{closes}},
		{"two workers close the same", "ledger/due.go", "inNoHand = `(closing_until <= ? OR closing_until > ?)`", "inNoHand = `(closing_until <= ? OR closing_until > ? OR 1 = 1)`", []string{closes}},
		{"what is being closed is extended", "ledger/grants.go", "case state == access.StateEnding || state.Final():", "case false:", []string{closes}},
		{"a request ends with the first of its grants", "ledger/grants.go", "if s.To.Final() {", "if false {", []string{closes}},
		{"a fast clock of the ledger ends access early", "worker/endclock.go", "at.Before(now) {", "at.After(now) {", []string{"./worker -run TestCase34EndClock"}},
		{"endings wait for Temporal", "worker/worker.go", "w.background.Go(func() { each.Run(background) })", "_ = each", []string{"./worker -run TestEndingsWithNoTemporal"}},

		// Opening.
		{"an opening that waited is refused as expired", "workflows/open.go", "FromOpening: r.hasOneGrant(),", "FromOpening: false,", []string{workflow}},
		{"a worker whose clock is fast lengthens access", "activities/open.go", "\t\tif no.Before(end) {", "\t\tif no.Before(end) && no.Equal(term.First) {", []string{"./activities -run TestALifeCounts"}},
		{"the ledger is written after the target", "activities/open.go", "\tif err := t.Ledger.IntendGrant(ctx, g, t.now()); err != nil {\n\t\treturn api.OpenGrantResult{}, err\n\t}\n\tfailpoint.Here(failpoint.OpenIntended)\n\tif err := t.Broker.Grant(ctx, g); err != nil {\n\t\treturn api.OpenGrantResult{}, err\n\t}\n", "\tif err := t.Broker.Grant(ctx, g); err != nil {\n\t\treturn api.OpenGrantResult{}, err\n\t}\n\tfailpoint.Here(failpoint.OpenIntended)\n\tif err := t.Ledger.IntendGrant(ctx, g, t.now()); err != nil {\n\t\treturn api.OpenGrantResult{}, err\n\t}\n", []string{activity, properties}},
		{"what was closed is opened again", "ledger/grants.go", "case err == nil && row.Status == GrantClosed:", "case false:", []string{book, activity}},
		{"a workflow that begins again moves the end", "ledger/grants.go", "case err == nil && g.ExpiresAt.After(row.ExpiresAt):", "case false:", []string{book}},

		// Deciding.
		{"signatures are not verified", "evidence/keyring.go", "if _, err := ev.Verify(context.Background(), &e); err != nil {", "if _, err := ev.Verify(context.Background(), &e); err != nil && false {", []string{proof, activity, properties}},
		{"a decision is taken for another digest", "evidence/keyring.go", "access.CodeOf(err) == access.CodeEvidence {\n\t\t\treturn Authorized{}, err", "false {\n\t\t\treturn Authorized{}, err", []string{proof, activity}},
		{"a decision is counted for another digest", "access/rule.go", " || d.PlanDigest != digest {", " {", []string{tally}},
		{"a decision of another request is counted", "access/rule.go", "if d.RequestID != plan.RequestID || d", "if d", []string{tally}},
		{"a late denial does not count", "access/rule.go", "d.Verdict == Approve && d.At.After(plan.PendingUntil)", "d.At.After(plan.PendingUntil)", []string{"./access -run Case49"}},
		{"late decisions count", "access/rule.go", "d.Verdict == Approve && d.At.After(plan.PendingUntil)", "false", []string{tally, activity, properties}},
		{"requesters approve", "access/rule.go", "case p.SameHuman(requester) && !r.SelfApproval:", "case false:", []string{tally, proof, properties}},
		{"agents and services approve", "access/rule.go", "case p.Kind != KindHuman:", "case false:", []string{activity, properties}},
		{"two accounts of one person are two people", "access/tally.go", "o.Approver.SameHuman(d.Approver)", "o.Approver.ID == d.Approver.ID", []string{tally, properties}},
		{"one person sits on two chairs", "access/seats.go", "tried[i] = true\n\t\t\tif taken[i] == 0", "tried[i] = true\n\t\t\ttaken[i] = approver + 1\n\t\t\tif taken[i] == 0", []string{tally, properties}},
		{"an approval of a later level counts before its time", "access/seats.go", "return d.At.After(after) && ", "return ", []string{tally, "./activities -run Stages"}},
		{"one person counts on two levels", "access/seats.go", "return slices.Contains(seated[n].Approved, v.id) })", "return false })", []string{tally}},
		{"one seat of each way is a way", "access/seats.go", "if free == 0 {", "if free <= 1 && len(l.stages[0].Ways()) > 1 {", []string{tally}},
		{"a check that cannot be evaluated admits", "access/approvers.go", "a.Where.value(p) == checkTrue", "a.Where.value(p) != checkFalse", []string{tally}},
		{"everybody who lacks something is alike", "contracts/approver_condition.go", "if err != nil || !isText || text == \"\" {\n\t\t\treturn access.ApproverCheck{} // nobody", "if err != nil || !isText || text == \"\" {\n\t\t\treturn access.ApproverCheck{Known: \"true\"} // nobody", []string{contract}},
		{"an approval needs no words", "access/rule.go", "if err := r.CheckComment(d); err != nil {", "if err := r.CheckComment(d); err != nil && false {", []string{tally, "./activities -run Stages"}},
		{"more people may decide at once", "access/rule.go", "return waited >= e.After.Std() && ", "return ", []string{tally}},
		{"a stage's own denials are not counted", "access/tally.go", "return s.Denials > 0 && n >= s.Denials", "return false", []string{tally}},
		{"an early approval of a later level is kept", "activities/decide.go", "proof.Stages); err != nil {", "proof.Stages); err != nil && false {", []string{"./activities -run Stages"}},
		{"approvals are counted by equality", "access/tally.go", "len(r.Stages) > 0 && met:", "len(r.Stages) > 0 && met && len(approvers) == len(r.Stages):", []string{tally, proof}},
		{"denials are counted by equality", "access/tally.go", "return len(deniers) >= max(r.DenyThreshold, 1) ||", "return len(deniers) == r.DenyThreshold ||", []string{tally}},

		// Contracts.
		{"a contract may have YAML tags", "internal/strictyaml/parse.go", "case token.TagType:", "case token.DirectiveType:", []string{contract}},
		{"a contract may have characters that do not show", "internal/strictyaml/parse.go", "if Misleads(before, r) {", "if false && Misleads(before, r) {", []string{contract}},
		{"a name may look like another", "contracts/visible.go", "if isASCII(text) || !isASCII(confusables.Skeleton(text)) {", "if isASCII(text) || confusables.Skeleton(text) != \"\" {", []string{contract}},
		{"a condition may name a group that looks like another", "contracts/condition.go", "why := misleadingLiteral(parsed.NativeRep()); why != \"\" {", "why := misleadingLiteral(parsed.NativeRep()); why == \"never\" {", []string{contract}},
		{"a reason may tell nothing", "contracts/reason.go", "n := lettersAndDigits(text)", "n := utf8.RuneCountInString(text)", []string{contract}},
		{"a text may be another than is written", "contracts/literal.go", "case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:", "case *ast.NanNode:", []string{contract}},
		{"a condition that cannot be evaluated admits", "contracts/who.go", "case Unevaluated:", "case Truth(\"never\"):", []string{contract}},
		{"a stage whose condition cannot be evaluated is left out", "contracts/stages.go", "st.when) == NotSatisfied {", "st.when) != Satisfied {", []string{contract}},
		{"what is too long approves itself", "contracts/auto.go", "if q.draft.Duration > a.upTo {", "if false {", []string{contract}},
		{"what nobody approved is extended", "contracts/auto.go", "case limits == nil || a.upTo == 0 || limits.UpTo <= a.upTo:", "case true:", []string{contract}},
		{"what was before counts as nothing where it is not known", "contracts/limits.go", "if q.History == nil {", "if q.History == nil {\n\t\tq.History = &access.History{}\n\t}\n\tif false {", []string{contract}},
		{"a limit that does not hold lets through", "contracts/limits.go", "if !holds {", "if false {", []string{contract}},
		{"an extension leads over the quota", "contracts/limits.go", "case left < q.draft.Extend.UpTo:", "case false:", []string{contract}},
		{"a yes to less is a yes to all", "access/narrow.go", "p.Duration, p.Extend = d.UpTo, nil", "p.Extend = nil", []string{"./activities -run Narrowed"}},
		{"two requests at one instant do not see each other", "ledger/history.go", "if n > s.History.Count ||", "if ", []string{book}},
		{"what was shortened is extended", "access/narrow.go", "p.Duration, p.Extend = d.UpTo, nil", "p.Duration = d.UpTo", []string{"./access -run Narrowed", "./activities -run Narrowed"}},
		{"the longest of what was approved holds", "access/narrow.go", "if d.UpTo > 0 && d.UpTo < p.Duration {", "if d.UpTo > 0 {", []string{"./access -run Narrowed"}},
		{"a made-up plan takes all memory", "access/seats.go", "for range min(max(a.Approvals, 1), len(approvers)+1) {", "for range max(a.Approvals, 1) {", []string{"./access -run TallyOfHugeRules"}},
		{"losing a group admits", "access/approver_check.go", "if slices.Contains(p.unsure, c.Group) {", "if false {", []string{"./access -run DirectoryOnlyTakesAway"}},
		{"who was linked since reviews their own", "server/app/review.go", "plan.Requester = snapshot.WithAccounts(plan.Requester)", "_ = snapshot", []string{"./server/app -run Case43"}},
		{"requests that came to nothing push out the others", "ledger/history.go", "{\" AND \" + mattered, access.HistoryMost + 1},", "{\" AND \" + mattered, 0},", []string{"./ledger -run TestLedger/sqlite/requests_that"}},
		{"requesters review themselves", "access/break_glass.go", "case by.SameHuman(p.Requester):", "case false:", []string{"./access -run Case43", "./evidence -run Case43"}},
		{"break glass does not wait for the last review", "ledger/break_glass.go", "if err != nil || len(left) == 0 {", "if true {", []string{"./ledger -run TestLedger/sqlite/Case43"}},
		{"break glass lasts as long as an approval", "contracts/break_glass.go", "case q.draft.Duration > b.max:", "case false:", []string{contract}},
		{"everybody breaks the glass", "contracts/break_glass.go", "	case NotSatisfied:\n\t\tq.refuse(\"break_glass_not_for_you\"", "	case Truth(\"never\"):\n\t\tq.refuse(\"break_glass_not_for_you\"", []string{contract}},
		{"a second review replaces the first", "ledger/break_glass.go", " AND break_glass = 1 AND NOT `+hasReview, encodeJSON", "`, encodeJSON", []string{"./ledger -run TestLedger/sqlite/Case43"}},
		{"access may outlast its window", "contracts/during.go", "case end.Before(start.Add(q.draft.Duration.Std())):", "case false:", []string{contract}},
		{"a late approval leads out of the window", "contracts/during.go", "if latest.Before(q.draft.PendingUntil) {", "if false {", []string{contract}},
		{"clocks are never set", "contracts/window.go", "!set.IsZero() && set.Before(next)", "false && set.Before(next)", []string{contract}},
		{"a directory that hangs counts as watched", "contracts/store.go", "s.loadError == nil && age > staleAfter", "false", []string{contract}},

		// Passkeys.
		{"a passkey's assertion is not verified", "evidence/keyring.go", "if err := enrolled.Verify(d); err != nil {", "if err := enrolled.Verify(d); err != nil && false {", []string{proof, captured}},
		{"an approval without a passkey is counted", "access/rule.go", "if r.Passkey && d.Passkey == nil {", "if false {", []string{tally}},
		{"a plan that wants a passkey approves itself", "access/tally.go", "r.Auto && !r.Passkey,", "r.Auto,", []string{tally, proof}},
		{"a target that requires passkeys opens without", "activities/verify.go", "if !proof.Plan.Rule.Passkey {", "if false {", []string{captured}},
		{"one passkey opens a target that wants two", "activities/verify.go", "signed < need {", "signed < 1 {", []string{captured}},
		{"a decision that does not count is one of two passkeys", "activities/verify.go", "range proof.Counted {", "range proof.Decisions {", []string{captured}},
		{"a passkey's user need not be verified", "passkey/verify.go", "\"\", false, true, true", "\"\", false, false, true", []string{passkeys}},
		{"a passkey counts after it was taken back", "passkey/set.go", "err == nil && !at.Before(from) && !k.expired(at)", "err == nil && !at.Before(from)", []string{passkeys}},
		{"a decision's own time brings a passkey back", "passkey/file.go", "return k.expired(now)", "return k.expired(now) && false", []string{passkeys}},
		{"one passkey is two people's", "passkey/set.go", "taken := owners[once]; taken {", "taken := owners[once]; taken && false {", []string{passkeys}},

		// What may be open, and until when.
		{"the worker opens without a satisfied rule", "access/term.go", "t.Tally != TallySatisfied || t.Approved.IsZero()", "false", []string{term, activity}},
		{"the worker takes the workflow's word for the end", "access/term.go", "case until.After(t.First), until.After(now.Add(t.duration + ClockSkew)):", "case false:", []string{term, activity}},
		{"an opening uses up what clocks may differ by", "activities/open.go", "most.Before(end) {", "false {", []string{activity}},
		{"an approval that was held back opens", "access/term.go", "case now.After(t.OpenBy.Add(ClockSkew)):", "case false:", []string{term, activity}},
		{"a plan is opened before its start", "access/term.go", "case t.scheduled && now.Before(t.Opens.Add(-time.Second)):", "case false:", []string{term, activity}},
		{"a planned start needs no server's word", "access/term.go", "case !t.confirmed:\n\t\treturn Refuse", "case false:\n\t\treturn Refuse", []string{term, activity}},
		{"a confirmation covers what was left out", "access/signed.go", "return !slices.ContainsFunc(c.Decisions,", "return true || !slices.ContainsFunc(c.Decisions,", []string{term, activity}},
		{"a start that is put off is looked for at the plan's start", "activities/decide.go", "t.To, t.StartAt = access.StateApproved, proof.AsApproved().StartAt", "t.To = access.StateApproved", []string{"./activities -run Narrowed"}},
		{"the ledger forgets that a start is put off", "ledger/advance.go", "if t.StartAt != nil {", "if false {", []string{"./ledger -run TestLedger/sqlite/Case60"}},
		{"a hundred starts keep the next out", "ledger/submit.go", "ORDER BY start_at, id`,\n", "ORDER BY start_at, id LIMIT 100`,\n", []string{"./ledger -run TestLedger/sqlite/Case60"}},
		{"a server confirms without asking the log", "server/app/confirm.go", "if err := c.checkLog(ctx, proof.Plan, keys); err != nil {", "if err := c.checkLog(ctx, proof.Plan, keys); false && err != nil {", []string{"./server/app -run Case60"}},
		{"what was ended is opened", "access/term.go", "case t.Stopped != nil:\n\t\treturn t.refuseStopped()\n\tcase t.scheduled", "case false:\n\t\treturn t.refuseStopped()\n\tcase t.scheduled", []string{term, activity}},
		{"what was ended stays open", "access/term.go", "case t.Stopped != nil:\n\t\treturn t.refuseStopped()\n\tcase until", "case false:\n\t\treturn t.refuseStopped()\n\tcase until", []string{term, activity}},
		{"the ledger opens what was ended", "ledger/ends.go", "if err == nil && ordered {", "if false && ordered {", []string{"./ledger -run EndOrder", activity}},
		{"an order to end leaves the end where it was", "ledger/ends.go", "micros(o.At), o.RequestID, micros(o.At)); err != nil {", "int64(1<<62), o.RequestID, int64(1<<62)); err != nil {", []string{"./ledger -run EndOrder", activity}},
		{"an order to end is not recorded", "server/app/end.go", "return e.ledger.OrderEnd(ctx, o, envelope)", "_ = envelope\n\treturn nil", []string{"./server/app -run Case57"}},
		{"a denial is not recorded before it is sent", "server/app/decide.go", "if in.Verdict == access.Deny {\n\t\tif stands", "if false {\n\t\tif stands", []string{"./server/app -run Case57"}},
		{"an order to end is sent once", "server/app/resend.go", "\t\t\tr.ends.send(ctx, order)\n", "\t\t\t_ = order\n", []string{"./server/app -run Case57"}},
		{"the reconciler leaves what was ended to its workflow", "reconcile/diff.go", "case ordered && s.stopIsDue(order):", "case false && s.stopIsDue(order):", []string{"./reconcile -run Case57"}},
		{"an order to extend starts from anywhere", "access/signed.go", "return o.From.Equal(end) ||", "return true || o.From.Equal(end) ||", []string{term, activity}},
		{"an order to extend that was held back counts", "activities/extend.go", "if now.Sub(order.At) > access.ActWithin {", "if false {", []string{activity}},
		{"an end is proven that nobody ordered", "access/term.go", "case until.After(t.Until):", "case false:", []string{term, activity}},
		{"access outlasts its window", "access/term.go", "if t.notAfter != nil && t.notAfter.Before(end) {", "if false {", []string{term}},
		{"the plan does not say when its window ends", "contracts/during.go", "q.draft.NotAfter = new(end.UTC())", "_ = end", []string{contract}},
		{"what ended late is in time", "evidence/verify_access.go", "by > endsWithin(opened) &&", "false && by > endsWithin(opened) &&", []string{proof}},

		// Extending and picking up.
		{"anybody extends", "access/may.go", "case by.ID != p.Requester.ID:", "case false:", []string{may, activity, properties}},
		{"an extension is longer than the plan allows", "access/may.go", "case total > p.Extend.UpTo.Std():", "case false:", []string{may, activity}},
		{"anybody picks up a credential", "activities/mint.go", "if err := plan.AllowsPickUp(order, t.now()); err != nil {", "if err := plan.AllowsPickUp(order, t.now()); err != nil && access.CodeOf(err) != access.CodeEvidence {", []string{activity, properties}},
		{"a credential is minted after the end", "activities/mint.go", "if row.Status != ledger.GrantOpen || !t.now().Before(row.ExpiresAt) {", "if row.Status != ledger.GrantOpen {", []string{activity}},
		{"a worker whose clock is slow mints", "access/may.go", "case age < -ClockSkew:", "case false:", []string{may, activity}},

		// Logins.
		{"an approval after an old login is counted", "access/rule.go", "if err := d.Approver.RequireRecentLogin(r.StepUp, d.At); err != nil {", "if err := d.Approver.RequireRecentLogin(r.StepUp, d.At); false {", []string{tally}},
		{"a worker takes an approval after an old login", "evidence/keyring.go", "access.MaxAgeOf(err) > 0 {", "false && access.MaxAgeOf(err) > 0 {", []string{proof}},
		{"an old login extends", "access/may.go", "\treturn o.By.RequireRecentLogin(p.StepUp, o.At)\n}\n\n// AllowsPickUp", "\treturn nil\n}\n\n// AllowsPickUp", []string{may, activity}},
		{"an old login picks up a credential", "access/may.go", "\treturn o.By.RequireRecentLogin(p.StepUp, o.At)\n}\n\n// checkOrder", "\treturn nil\n}\n\n// checkOrder", []string{may, activity}},
		{"a login that was not made again is one", "server/auth/login.go", "if at.Reauthenticate && p.", "if false && p.", []string{logins}},

		// What the ledger says.
		{"the ledger's row may say something else than the plan", "activities/verify.go", "case g.Target != planned.Target || g.Principal != planned.Principal || !sameJSON(g.Entitlement, planned.Entitlement):", "case planned.Target == \"\":", []string{activity}},
		{"a forged row is restored", "reconcile/remedy.go", "if err = r.verifyGrant(ctx, restored); err == nil {", "if err = nil; err == nil {", []string{third}},

		// People.
		{"what opens does not ask who is still there", "activities/directory.go", "return proof.Recount(people), nil", "return proof, nil", []string{activity}},
		{"access opens for somebody who has left", "activities/directory.go", "if _, err := people.Restrict(proof.Plan.Requester); err != nil {", "if _, err := people.Restrict(proof.Plan.Requester); false && err != nil {", []string{activity}},
		{"an approver who lost the group is counted", "activities/decide.go", "\tproof = proof.Recount(people)\n", "", []string{activity}},
		{"a directory that is down is an empty one", "activities/directory.go", "return access.DirectorySnapshot{}, access.Errorf(access.CodeUnavailable, \"the directory does not answer: %w\", err)", "return access.DirectorySnapshot{}, nil", []string{activity}},
		{"a directory that is down lets people in", "server/auth/auth.go", "return access.Person{}, access.Errorf(access.CodeUnavailable, \"the directory cannot be read: %w\", err)", "return p, nil", []string{known}},
		{"leaving takes back a denial", "access/directory.go", "if d.Verdict == Approve {", "if true {", []string{people}},
		{"one address is two people", "access/person.go", " || sameAddress(p.Email, other.Email)", "", []string{people}},
		{"a link is not followed", "server/auth/auth.go", "p, err := a.linked(ctx, p)", "_, err := a.linked(ctx, p)", []string{known}},
		{"an address that nobody verified counts", "server/auth/claims.go", "there && !isTrue(verified)", "there && verified == false", []string{"./server/auth -run Case70"}},
		{"a server without SCIM turns offboarding off", "server/directory.go", "case !mode.Enabled || c.Replace:", "case true:", []string{"./server -run Case75"}},
		{"one login undoes another", "server/auth/loginstate.go", "a.loginCookies() + state, Value", "a.loginCookies(), Value", []string{"./server/auth -run Login|Session"}},
		{"a stream outlives its session", "server/api/events.go", "return a.auth.StillKnown(ctx, c)", "return a.auth.Refresh(ctx, auth.Person(c))", []string{"./server -run Case71"}},
		{"an open page keeps its session alive", "server/auth/sessions.go", "(!b.used || now.Sub", "(now.Sub", []string{"./server -run Case71"}},
		{"who has left keeps their token", "server/auth/auth.go", "return snapshot.Current(p)", "_, err = snapshot.Current(p)\n\t_ = err\n\treturn p, nil", []string{known}},
		{"a record that nobody signed is believed", "evidence/notary.go", "_, record, err = verified[json.RawMessage](n.keys, e, ", "_, record, err = decode[json.RawMessage](e, ", []string{records}},
		{"a record of another kind is believed", "evidence/notary.go", "(n.keys, e, recordType+string(kind)+\"+json\")", "(n.keys, e, e.PayloadType)", []string{"./evidence -run Case51"}},
		{"who is in a group is what the rows say", "ledger/directory_groups.go", "if !g.Unproven && membersDigest(g.Members) != g.record.Members {", "if false {", []string{records}},
		{"an older group may be put back", "ledger/directory_groups.go", "r.Version != g.version || isNewer != 0; !g", "r.Version != g.version || isNewer < 0; !g", []string{records}},
		{"an older user may be put back", "ledger/directory_users.go", "r.Deleted != u.deleted || isNewer != 0 ||", "r.Deleted != u.deleted || isNewer < 0 ||", []string{records}},
		{"a record is any user's", "ledger/directory_users.go", "!ok || r.ID != u.ID ||", "!ok ||", []string{records}},
		{"who is taken out of the directory was never there", "ledger/directory_snapshot.go", "return r.doubtKnown(ctx, missing, knownKey, whyGone)", "return nil", []string{records}},
		{"a link may be taken out of the database", "ledger/accounts.go", "if known[linkKey(key, x.version+1)] {", "if known[linkKey(key, x.version+1)] && false {", []string{records}},
		{"the directory may be turned off in the database", "ledger/directory_mode.go", "if !ok || record.Version != version || isNewer != 0 {", "if false {", []string{records}},
		{"a person who is renamed has not left", "ledger/directory_users.go", "IDs: before.IDs,", "IDs: nil,", []string{"./ledger -run Case68.*/sqlite"}},
		{"of two that speak of one person, chance decides", "ledger/directory_snapshot.go", "m.Active = m.Active && u.Active && !u.deleted", "m.Active = u.Active && !u.deleted", []string{"./ledger -run Case68.*/sqlite"}},
		{"people are told apart by letter case", "access/fold.go", "return strings.ToLower(s)", "return strings.Clone(s)", []string{"./access -run Case69"}},
		{"people are told apart by how letters are composed", "access/fold.go", "norm.NFC.String(strings.Map(cherokee, cases.Fold().String(norm.NFD.String(s))))", "norm.NFC.String(\"\") + strings.Map(cherokee, cases.Fold().String(s))", []string{"./access -run Case69"}},
		{"an account that was linked since approves", "access/directory.go", "err != nil || approver.SameHuman(requester) &&", "err != nil || false && approver.SameHuman(requester) &&", []string{"./activities -run Case62"}},
		{"links count one step only", "access/directory.go", "for i := 0; i < len(ids); i++ {", "for i := 0; i < first; i++ {", []string{"./access -run Case62|Case69"}},
		{"a session that nobody sealed is believed", "server/auth/seal.go", "\trow.Data = data\n\treturn row, ok", "\t_, _ = data, ok\n\treturn row, true", []string{sealed}},
		{"a session that was ended may be put back", "ledger/sessions.go", "AND e.idempotency_key = 'session ended ' || sessions.token_digest)", "AND e.idempotency_key = 'never')", []string{sealed}},
		{"a session may be given a later end", "server/auth/seal.go", ", s.ExpiresAt.UnixMicro()})", "})", []string{sealed}},
		{"a session may be moved to another row", "server/auth/seal.go", "[]any{s.Token, s.PersonID,", "[]any{s.PersonID,", []string{sealed}},
		{"a session may be hidden from signing out everywhere", "server/auth/seal.go", "[]any{s.Token, s.PersonID,", "[]any{s.Token,", []string{sealed}},
		{"anybody speaks for the provider", "server/scim/scim.go", "if !ok || !strings.EqualFold", "if !ok && false || !strings.EqualFold", []string{provisions}},

		// Targets.
		{"objects that are not Ramp's are revoked", "integrations/guard.go", "func checkName(name string) error {\n\tif _, ok := access.RequestIDFromGrantName(name); !ok {", "func checkName(name string) error {\n\tif false {", []string{broker}},
		{"people read the ledger's copy of a plan", "server/app/signed.go", "out.Plan, out.Requester, out.Contract, out.CreatedAt = plan, plan.Requester, plan.Contract, plan.CreatedAt", "_ = plan", []string{seen}},
		{"people read a review that nobody signed", "server/app/signed.go", "if out.Review = review; (r", "if (r", []string{"./server/app -run Case43"}},
		{"a review that nobody signed lets break glass again", "ledger/break_glass.go", "break_glass = 1 AND NOT (` + hasReview", "break_glass = 1 AND review = '' AND NOT (` + hasReview", []string{"./ledger -run TestLedger/sqlite/Case43"}},
		{"a plan of another request is shown", "server/app/signed.go", "if err == nil && plan.RequestID != r.ID {", "if false {", []string{seen}},
		{"people read decisions that nobody signed", "server/app/signed.go", "out.Decisions, unlike = sameDecisions(r.Decisions, signed)", "_, unlike = sameDecisions(r.Decisions, signed)", []string{seen}},
		{"people read stages that no decision met", "server/app/signed.go", "if !approved[who] || seated[who] {", "if false {", []string{seen}},
		{"an altered ledger raises no alarm", "server/app/signed.go", "\t\t\tl.raise(ctx, out[i])\n", "", []string{seen}},
		{"a client believes the digest that it is told", "client/signedplan.go", "case plan.Digest != r.Plan.Digest || !same(plan, r.Plan) ||", "case", []string{"./client -run Case53"}},
		{"who asks and goes away has the server called not ready", "server/ready.go", "context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)", "context.WithTimeout(ctx, readyTimeout)", []string{"./server -run ReadyOutlives"}},
		{"a key behind a question mark is taken", "internal/strictyaml/parse.go", "case token.MappingKeyType:", "case token.MappingKeyType + 1000:", []string{"./internal/strictyaml"}},
		{"payloads in clear are read where keys are configured", "codec/codec.go", "if !c.clear {", "if false {", []string{"./codec -run Case41"}},
		{"failures in clear are read where keys are configured", "codec/failures.go", "f.Message, info.Type = clearFailure, string(access.CodeEvidence)", "_, _ = clearFailure, access.CodeEvidence", []string{"./codec -run Case52"}},
		{"operators read a stranger's payload as Ramp's", "server/app/decode.go", "case err != nil && !encrypted:", "case !encrypted:\n\t\t\tout[i] = p\n\t\t\tcontinue\n\t\tcase err != nil && !encrypted:", []string{"./server -run OperatorsDecode"}},
		{"a name twice is taken", "internal/strictjson/walk.go", "if seen[name] {", "if false {", []string{once, proof}},
		{"a name in other letters is taken", "internal/strictjson/walk.go", "if open && strings.EqualFold(tag, name) {", "if false {", []string{once}},
		{"a field that is in no statement is left out", "internal/strictjson/walk.go", "return nil, open\n", "return nil, true\n", []string{once}},
		{"what is behind a statement is left out", "internal/strictjson/strictjson.go", "if _, err := w.Token(); !errors.Is(err, io.EOF) {", "if false {", []string{once, proof}},
		{"half a character is taken", "internal/strictjson/text.go", "if !ok || !utf16.IsSurrogate(r) {", "if true || !utf16.IsSurrogate(r) {", []string{once}},
		{"another thing than was shown is opened", "activities/scope.go", "if differ := p.Scope.Differences(own); len(differ) > 0 {", "if differ := p.Scope.Differences(own); len(differ) < 0 {", []string{activity}},
		{"the first to respond says what an entitlement means", "server/gateway/resolve.go", "if !g.workers.Empty() {", "if false {", []string{"./server/gateway -run TestResolve"}},
		{"a worker's answer to one question serves another", "evidence/resolution.go", "|| r.Question != question ||", "||", []string{proof}},
		{"a worker of another target says when this one ends", "evidence/signed.go", "verified[access.Receipt](workers.ForTarget(claimed.Target), e, TypeReceipt)", "verified[access.Receipt](workers, e, TypeReceipt)", []string{proof}},
		{"a receipt of another target counts for this one", "evidence/signed.go", "g.Name == claimed.Grant && g.Target == claimed.Target", "g.Name == claimed.Grant", []string{proof}},
		{"a worker speaks for every target", "evidence/keyring.go", "return len(t.targets) > 0 && !slices.Contains(t.targets, target)", "return false", []string{proof}},
		{"a scope is shown whatever is in it", "access/scope.go", "return r == utf8.RuneError ||", "return false && r == utf8.RuneError &&", []string{"./access -run Case52"}},
		{"a receipt says nothing of what opened", "evidence/verify_access.go", "case r.Scope == nil:", "case false:", []string{proof}},
		{"a credential that no worker made is passed on", "server/app/pickup.go", "if !u.workers.Empty() {", "if false {", []string{"./server/app -run Case54"}},
		{"a worker's credential for one order serves another", "evidence/delivery.go", "if d != deliveryOf(sealed, order, d.At) {", "if false && d != deliveryOf(sealed, order, d.At) {", []string{"./evidence -run Case54"}},
		{"a grant that has expired is opened", "integrations/guard.go", "if err == nil && !t.now().Before(g.ExpiresAt) {", "if false {", []string{broker}},
		{"an entitlement reaches a target unchecked", "integrations/guard.go", "_, err := t.target.Resolve(ctx, g.Entitlement)\n\treturn g, err", "return g, nil", []string{broker}},
		{"an unknown key of an entitlement is ignored", "integrations/entitlement.go", "if known[key] {", "if true {", []string{broker}},
		{"Ramp's own token follows a redirect", "integrations/jsonhttp/config.go", "return http.ErrUseLastResponse", "return nil", []string{"./integrations/jsonhttp"}},
		{"another server's 404 says that nothing is there", "integrations/jsonhttp/call.go", "status == http.StatusNotFound && c.dialect.IsNotFound(body)", "status == http.StatusNotFound", []string{"./integrations/jsonhttp"}},
		{"two people have one name on AWS", "integrations/name.go", "c != escape && fits(c)", "fits(c)", []string{"./integrations/awsiam -run SessionName"}},
		{"an ended key shuts out everybody at its address", "integrations/sshcert/hostconfig.go", "lines += \"PerSourcePenalties authfail:0\\n\"", "lines += \"\"", []string{"./integrations/sshcert -run HostConfig"}},

		// The requester's machine, and the configuration.
		{"a credential sets any variable", "access/credential_kind.go", "if !slices.Contains(kind.Env, name) {", "if false {", []string{handed}},
		{"a credential brings arguments of its own", "access/credential_kind.go", "if !slices.Equal(arguments, kind.Arguments[program]) {", "if arguments == nil {", []string{handed}},
		{"a credential names a command", "access/credential_kind.go", "if n := len(c.Command); n > 0 && ", "if n := len(c.Command); n < 0 && ", []string{handed}},
		{"ssh's configuration is the credential's", "cmd/ramp/internal/credential/credential.go", "files[\"config\"] = config", "_ = config", []string{handed}},
		{"the user's variables stand beside a credential's", "cmd/ramp/internal/credential/credential.go", "&& !slices.Contains(foreign, name)", "&& !(false && slices.Contains(foreign, name))", []string{handed}},
		{"a credential is written over the user's files", "cmd/ramp/internal/credential/into.go", "err == nil && ours && info.Mode().IsRegular()", "err == nil || ours && info.Mode().IsRegular()", []string{handed}},
		{"a command is ended at the old end", "cmd/ramp/internal/people/exec.go", "end = *r.ExpiresAt", "_ = *r.ExpiresAt", []string{extended}},
		{"what a command started lives on", "cmd/ramp/internal/credential/process.go", "\t\t\tendAll()\n", "", []string{signalled}},
		{"a secret that was written is kept", "config/field/secret.go", "if text != \"\" && !secret.IsReference(text) {", "if false {", []string{fields}},
	}
}
