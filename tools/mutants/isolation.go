package main

// isolation returns the mutants of what keeps a worker to the targets that are its own.
func isolation() []mutant {
	return []mutant{
		{"a worker of another target proves that a grant is closed", "evidence/receipt.go", "verified[access.Receipt](k.ForTarget(g.Target), signed", "verified[access.Receipt](k, signed", []string{"./server/app -run Case155"}},
		{"the receipt of another grant proves that one is closed", "evidence/receipt.go", "|| r.RequestID != requestID || r.Grant != g.Name ", "|| r.RequestID != requestID ", []string{"./server/app -run Case155"}},
		{"a receipt without a read-back proves a closing", "evidence/receipt.go", "r.Found == nil || !r.Found.Gone()", "r.Found != nil && !r.Found.Gone()", []string{"./server/app -run Case155"}},
		{"a receipt from before the opening proves a closing", "evidence/receipt.go", "	case !begun.IsZero() && r.At", "	case false && r.At", []string{"./server/app -run Case155"}},
		{"what was signed of a grant before it was begun is kept", "activities/close.go", "		if steps[i].To == \"\" {\n			continue", "		if steps[i].To == \"\" && false {\n			continue", []string{"./activities -run Case164"}},
		{"a closing whose plan somebody changed for a moment counts", "server/app/closings.go", "	g, err := w.grant(c)\n	if err != nil {\n		return err", "	g, err := w.grant(c)\n	if err != nil {\n		return nil", []string{"./server/app -run Case166"}},
		{"a closing whose receipt was changed after it was judged counts", "ledger/closings.go", "			return access.Errorf(access.CodeConflict, \"the receipt of the closing", "			return nil\n			_ = access.Errorf(access.CodeConflict, \"the receipt of the closing", []string{"./server/app -run Case166", "./ledger -run TestLedger/sqlite/Case155"}},
		{"a server looks at nothing more once the log was long for a moment", "server/app/closings.go", "w.after = w.from\n	}\n	var failed", "}\n	var failed", []string{"./server/app -run Case166"}},
		{"a closing without a receipt counts", "server/app/closings.go", "if len(c.Receipt) == 0 {\n\t\treturn access", "if len(c.Receipt) == 0 {\n\t\treturn nil\n\t}\n\tif len(c.Receipt) == 0 {\n\t\treturn access", []string{"./server/app -run Case155"}},
		{"what was recorded while no server ran, or bears another time, is not looked at", "server/app/closings.go", "min(w.cursor, lately)", "lately", []string{"./server/app -run Case162"}},
		{"a cursor that somebody moved hides the last hour", "server/app/closings.go", "min(w.cursor, lately)", "w.cursor", []string{"./server/app -run Case162"}},
		{"the next server does not look at a closing that could not be undone", "server/app/closings.go", "to = min(to, seq-1)", "_ = seq", []string{"./server/app -run Case162"}},
		{"a grant is closed again without a pause, for ever", "ledger/closings.go", "n >= 0 {", "n >= 1000 {", []string{"./ledger -run TestLedger/sqlite/Case155"}},
		{"a grant that is closed again is due at its old end", "ledger/closings.go", "CASE WHEN expires_at > ? THEN ? ELSE expires_at END", "CASE WHEN expires_at > ? THEN ? + 3600000000 ELSE expires_at END", []string{"./ledger -run TestLedger/sqlite/Case155"}},
		{"what a worker removed elsewhere counts as removed for good", "ledger/closings.go", "holding, row.Target, name, released", "released, row.Target, name, released", []string{"./ledger -run TestLedger/sqlite/Case155", "./integrations/counted -run TestCase163"}},
		{"a worker takes the work of another environment's target", "access/worker_keys.go", "return slices.Compact(targets), len(targets) > 0", "return slices.Compact(targets), false", []string{"./access -run TestMisplaced", "./worker -run TestCase155"}},
		{"a worker of which servers forgot the key ends nothing", "access/worker_keys.go", "if key.ID != id {", "if false {", []string{"./access -run TestMisplaced"}},
		{"an earlier list of keys keeps a worker from its work for ever", "access/worker_keys.go", "age > WorkerKeysLast", "age > 1000*WorkerKeysLast", []string{"./access -run TestMisplaced"}},
		{"a worker leaves open what it opened itself", "worker/own_targets.go", "closer.Only = closer.OpenedHere", "closer.Only = func(context.Context, access.Grant) bool { return false }", []string{"./worker -run TestCase155"}},
		{"a worker of another target says how this one is", "ledger/verified/target_states.go", "s.misplaced = append(s.misplaced, one)\n\t\t\tcontinue", "s.said[k.Target] = append(s.said[k.Target], one)\n\t\t\tcontinue", []string{"./ledger/verified -run TestCase155"}},
		{"one closing that cannot be undone holds up the others", "server/app/closings.go", "failed, w.undecided[c.Seq] = append(failed, err), w.now()", "failed = append(failed, err)\n\t\t\t\treturn", []string{"./server/app -run Case155"}},
		{"a closing waits for one on another target, and takes its success for its own", "activities/close.go", "t.closing.do(ctx, g.Target+\" \"+g.Name,", "t.closing.do(ctx, g.Name,", []string{"./activities -run Case156"}},
		{"that nothing is left on another target ends a grant", "activities/close.go", "planned.Name != g.Name || planned.Target == g.Target", "planned.Name != g.Name || true", []string{"./activities -run Case156"}},
		{"a host of a fleet takes another host's live session away", "integrations/sshcert/hostcall/client.go", "case out.Found.Sessions < 0 || out", "case out", []string{"./integrations/sshcert -run Case158"}},
	}
}
