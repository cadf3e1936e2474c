package main

// around returns the mutants of what lies around servers and workers.
func around() []mutant {
	return []mutant{
		// Contracts of a repository.
		{"a commit that nobody signed is in force", "server/contractgit/judge.go", "if len(s.config.Signers) > 0 {", "if false {", []string{git}},
		{"contracts are brought back by moving a branch", "server/contractgit/source.go", "if known[tip.Hash] {", "if false {", []string{git}},
		{"contracts do not follow what was in force", "server/contractgit/source.go", "if !after[old.Hash()] {\n\t\t\treturn", "if false && !after[old.Hash()] {\n\t\t\treturn", []string{git}},
		{"one person signs twice", "server/contractgit/judge.go", "err != nil || slices.Contains(names, name)", "err != nil || slices.Contains(names, name+\"x\")", []string{git + " -run TestTwoSigners"}},
		{"what somebody signed counts again after other contracts", "server/contractgit/judge.go", "return !before[h]", "return false && !before[h]", []string{git + " -run TestOldSignature"}},
		{"a signature counts although it knew of one side of a merge only", "server/contractgit/judge.go", "slices.ContainsFunc(different, func(h plumbing.Hash) bool", "slices.ContainsFunc(different[:min(1, len(different))], func(h plumbing.Hash) bool", []string{git + " -run TestOldSignature"}},
		{"contracts that were taken away in between are no other contracts", "server/contractgit/judge.go", "err != nil || held.Hash != tree.Hash", "err == nil && held.Hash != tree.Hash", []string{git + " -run TestOldSignature"}},
		{"what a merge changes counts as signed by its author", "server/contractgit/judge.go", "err != nil || held.Hash != tree.Hash", "err != nil || held == tree", []string{git + " -run TestTwoSigners"}},
		{"a server without its clone is led back to what both signed long ago", "server/contractgit/judge.go", "from := plumbing.NewHash(s.config.From); !before[from]", "from := plumbing.NewHash(s.config.From); false && !before[from]", []string{git + " -run TestFrom"}},
		{"two signers need no commit to begin with", "server/contractgit/config.go", "c.From == \"\" && c.TwoSigners {", "c.From == \"x\" && c.TwoSigners {", []string{git + " -run TestFrom"}},
		{"broken contracts replace those in force", "server/contractgit/source.go", "set, err := contracts.Parse(snapshot.Files)\n\tif err != nil {", "set, err := contracts.Parse(snapshot.Files)\n\tif err != nil && false {", []string{git}},
		{"a link leads out of the contracts", "server/contractgit/source.go", "if e.Mode == filemode.Symlink {", "if e.Mode == filemode.Submodule {", []string{git}},
		{"a pack unpacks to whatever it likes", "server/contractgit/pack.go", "if err := i.check(); err != nil {", "if err := i.check(); err != nil && false {", []string{git + " -run TestCase97"}},
		{"a delta makes whatever it likes", "server/contractgit/pack.go", "size = max(size, made)", "_ = made", []string{git + " -run TestCase97Packs"}},
		{"what was refused stays in the clone", "server/contractgit/source.go", "if !slices.Contains(had, p) {", "if false && !slices.Contains(had, p) {", []string{git + " -run TestCase97Unpacked"}},

		// What was found on Ramp itself, of extensions, decisions and break glass.
		{"an approved extension is sent although its denial was taken away", "server/app/approved.go", "checkExtensionLog(ctx, r.Plan, *r.Asked); err != nil {", "checkExtensionLog(ctx, r.Plan, *r.Asked); false && err != nil {", []string{"./server/app -run Case95"}},
		{"an approved extension that is asked for again is sent although its denial was taken away", "server/app/extension.go", "e.audit.checkExtensionLog(ctx, r.Plan, *r.Asked); err != nil {", "e.audit.checkExtensionLog(ctx, r.Plan, *r.Asked); false && err != nil {", []string{"./server/app -run Case95"}},
		{"all who ask at one instant are heard", "ledger/extensions.go", "if others != seen {", "if false && others != seen {", []string{"./server/app -run Case98"}},
		{"the order of rows says which extension is the latest", "ledger/statements.go", "ORDER BY coalesce(e.seq, 0), s.id", "ORDER BY s.id", []string{"./server/app -run Case98"}},
		{"a row says that nothing opened where the glass was broken", "ledger/break_glass.go", "\n\tOR EXISTS (SELECT 1 FROM events e WHERE e.request_id = requests.id AND e.kind = '` + string(access.EventGrantOpened) + `')", "", []string{"./ledger -run TestLedger/sqlite/Case43"}},
		{"a column says whose use of break glass it was", "ledger/break_glass.go", "slices.Contains(keys, access.FoldID(u.actor)) && ", "false && ", []string{"./ledger -run TestLedger/sqlite/Case43"}},
		{"a denial waits for a rota that hangs", "server/app/rota.go", "v == access.Deny || ", "", []string{"./server/app -run Case92"}},
		{"an approval that is sent twice is recorded twice", "activities/decide.go", "if decision != nil && repeats(proof, *decision) {", "if false {", []string{"./activities -run Case11"}},
		{"a role is put right with the end of an extension that is not made", "integrations/awsiam/drift.go", "ends := integrations.RestoredEnd(has.ends, g.ExpiresAt)", "ends := g.ExpiresAt", []string{"./integrations/awsiam -run TestLife/RestoredBeforeExtended"}},
		{"what commands print moves the cursor", "cmd/ramp/internal/output/output.go", "table(cleaning{w})", "table(w)", []string{"./cmd/ramp/internal/output"}},

		// Notices.
		{"a reminder of an end that has moved", "notices/outbox.go", " || endsWhy(n.Why) && !endsSoon(r, e.now())", "", []string{"./notices -run TestReminderOfAnotherEnd"}},
		{"those who may not decide yet are asked to", "notices/remind.go", "due := r.CreatedAt.Add(time.Duration(step.After))", "due := r.CreatedAt", []string{"./notices -run TestEscalation"}},
		{"a notice of break glass waits for the morning", "notices/engine.go", "if !kind.Urgent() {\n\t\tif due", "if true {\n\t\tif due", []string{"./notices -run Case46QuietHoldsNoAlarm"}},
		{"a notice of break glass that does not arrive is silent", "notices/outbox.go", "if n.Urgent && (age >= alarmAfter", "if false && (age >= alarmAfter", []string{"./notices -run Case46"}},
		{"a notice of break glass that nobody can hear is silent", "notices/engine.go", "return a.why == whyReviewer", "return true", []string{"./notices -run Case46NobodyToReview"}},
		{"a notice is sent again when its event is handled again", "ledger/notices.go", "ON CONFLICT (id) DO NOTHING", "ON CONFLICT (id) DO UPDATE SET done_at = NULL", []string{"./notices -run SentOnce"}},
		{"a notice goes to whoever is written into a group", "notices/addresses.go", "|| s.Unproven[access.FoldID(id)] != \"\"", "", []string{"./notices -run WhoHasAnAddress"}},
		{"a row of the outbox is sent to whom it says", "notices/outbox.go", "|| !hears ||", "|| hears && false ||", []string{"./notices -run Case48ForgedRows"}},
		{"a row of the outbox says why", "notices/decide.go", "why == whyContract || h.Why == why", "true", []string{"./notices -run Case48ForgedRows"}},
		{"a notice carries the reason", "notices/message.go", "if reasons {\n\t\tadd(\"Reason\"", "if true {\n\t\tadd(\"Reason\"", []string{"./notices -run Case48"}},
		{"a notice says what was written into the ledger", "worker/notices.go", "v.Request(ctx, id)", "v.Ledger.Request(ctx, id)", []string{"./worker -run Case48"}},
		{"a notice is sent in clear to a server without TLS", "notices/mail/mail.go", "mail.TLSMandatory", "mail.TLSOpportunistic", []string{"./notices/mail -run MailInClear"}},

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
