package main

// policy returns the mutants of bases and of choices.
func policy() []mutant {
	const base = "./contracts -run Base"
	const choices = "./contracts -run Choice"
	const where = "./contracts -run TestApproverCondition$"
	const again = "./activities -run ChoicesAre"
	const owner = "./contracts -run Owner|Chosen"
	const size = "./contracts -run PatternSize"
	return []mutant{
		{"diff lists a change once for each reason of a refusal", "contracts/diffgather.go", "\"who_unevaluated\": \"not_eligible\", ", "", []string{"./contracts -run DiffOfReasons"}},
		{"diff lists a change once for each stage", "contracts/diffgather.go", "\t\tif before.text == after.text {", "\t\tif false {", []string{"./contracts -run DiffOfStages"}},
		{"diff hides what is only seen beside something else", "contracts/diffgather.go", "if len(covered) < len(d.reasons) {", "if len(covered) == 0 {", []string{"./contracts -run DiffHidesNothing"}},
		{"lint looks for nobody's group among approvers alone", "contracts/findings_groups.go", "\tif cond == nil {", "\tif true {", []string{"./contracts -run TestFindings$"}},
		{"an owner's group of authors alone is taken for one that can approve", "server/app/proposal_owners.go", "!slices.ContainsFunc(authors, p.SameHuman) }):", "true }):", []string{"./server -run OwnersWhoAllWroteIt"}},
		{"repetitions of a regular expression are not counted", "contracts/pattern_size.go", "size *= max(re.Min, re.Max, 1)", "size *= 1", []string{size}},
		{"an empty condition on approvers admits the whole group", "contracts/document.go", "text == \"\" && d.written(path...) {", "false {", []string{"./contracts -run EmptyCondition"}},
		{"a condition's regular expression has any size", "contracts/matches.go", "if why := tooLarge(*pattern); why != \"\" {", "if why := tooLarge(*pattern); false && why != \"\" {", []string{size}},
		{"a regular expression comes from the request", "contracts/matches.go", "\t\tif pattern == nil {", "\t\tif pattern == nil {\n\t\t\treturn\n\t\t}\n\t\tif pattern == nil {", []string{"./contracts -run PatternsAreWrittenOut"}},
		{"matching costs the characters of an expression and not its steps", "contracts/matches.go", "options = append(options, cel.CostTracking(sizes))", "_ = sizes", []string{"./contracts -run MatchingCosts"}},
		{"a condition on approvers compiles its expressions at each evaluation", "contracts/matches.go", "cel.EvalOptions(cel.OptOptimize)}", "cel.EvalOptions()}", []string{"./contracts -run CompileTheirPattern"}},
		{"a condition costs what it likes", "contracts/matches.go", "[]cel.ProgramOption{cel.CostLimit(costLimit),", "[]cel.ProgramOption{cel.CostLimit(1 << 40),", []string{"./contracts -run MatchingCosts"}},
		{"an entitlement has any number of references", "contracts/template.go", "n > maxReferences {", "n > 1<<40 {", []string{"./contracts -run TemplatesAre"}},
		{"who lacks something is outside of every list", "contracts/approver_condition.go", "return access.ApproverCheck{} // whoever lacks", "return access.ApproverCheck{Known: \"false\"} // whoever lacks", []string{where}},
		{"two parts of a request are alike by both lacking something", "contracts/approver_condition.go", "!isText || !access.IsBlank(string(text)) {\n\t\t\t\treturn whole(vars)", "!isText || true {\n\t\t\t\treturn whole(vars)", []string{where}},
		{"an address that nobody verified is an approver's", "access/approver_check.go", "if p.EmailVerified { // an address", "if true { // an address", []string{where}},
		{"a contract is laxer than its base", "contracts/base_fields.go", "if own != nil && theirs != nil && r.how", "if false && theirs != nil && r.how", []string{base}},
		{"a contract passes the people of its base by", "contracts/base_fields.go", "if len(theirs.stages.Stages) == 0 {", "if len(theirs.stages.Stages) < 99 {", []string{base}},
		{"an empty length takes a limit of a base away", "contracts/stepup.go", "if !d.written(\"stepUp\", field) {", "if text == \"\" {", []string{base}},
		{"what cannot be read is as strict as a base", "contracts/base_fields.go", "return errA != nil || errB == nil && (r.how == shorter", "return errA == nil && errB == nil && (r.how == shorter", []string{base}},
		{"extensions pass the people of a base by", "contracts/base_fields.go", "if d.written(\"extend\") && t.extend.Approval", "if false && t.extend.Approval", []string{base}},
		{"break glass passes a base's passkeys by", "contracts/base_fields.go", "\t\tif !how.written {", "\t\tif true {", []string{base}},
		{"extensions last longer than the base gives", "contracts/base_fields.go", "most != nil && d.written(\"extend\", \"upTo\")", "false && most != nil", []string{base}},
		{"a base opens more than was open without it", "contracts/base_fields.go", "r.usual == \"\" || n == nil ||", "r.usual != \"\" || n == nil ||", []string{base}},
		{"a contract's own condition takes the place of its base's", "contracts/base_merge.go", "case rule.how == both:", "case false:", []string{base}},
		{"half a condition says something else than the whole", "contracts/base.go", "d.condition(d.contract.terms.who.Who, \"request\", \"who\") // by itself", "_ = 0 // by itself", []string{base}},
		{"an inventory counts however old it is", "contracts/choices.go", "age > c.maxAge.Std() || age < -access.ClockSkew", "age < -access.ClockSkew", []string{choices}},
		{"a choice is offered although its condition could not be evaluated", "contracts/choices.go", "allowed = where.Result == Satisfied", "allowed = where.Result != NotSatisfied", []string{choices}},
		{"a choice is taken that no inventory has", "contracts/choices.go", "allowed := found\n", "allowed := true\n", []string{choices}},
		{"what is not known is allowed by a pattern that nobody asked for", "contracts/choices.go", "if c.IfUnknown == ifUnknownPattern {\n\t\t\tq.draft", "if true {\n\t\t\tq.draft", []string{choices}},
		{"what is open to one person is taken for what is open to another", "contracts/choice_count.go", "uses > selected}", "false}", []string{choices}},
		{"what was open of an older list is taken for what is open of a newer", "contracts/choice_count.go", "known = known && c.of == of", "_ = of", []string{choices}},
		{"what is open by the clock is counted once", "contracts/choices.go", "c.where == nil || !readsVariable(c.where.tree.Expr(), \"now\")", "true", []string{choices}},
		{"a server that lost its clone takes older contracts", "server/contractgit/recorded.go", "if !before[plumbing.NewHash(commit)] {", "if !before[plumbing.NewHash(commit)] && commit == \"\" {", []string{"./server/contractgit -run Case102"}},
		{"a server does not look which contracts are recorded", "server/contracts.go", "if repository != nil {", "if repository != nil && false {", []string{"./server -run Case102"}},
		{"which contracts were in force is believed though nobody signed it", "server/contracts.go", "r, err := servers.VerifyContracts(record)", "r, err := evidence.ReadContracts(record)", []string{"./server -run Case102"}},
		{"the log says at each look that a source has no reply", "facts/spells.go", "say = len(one.unknown) == 0 || ", "say = true || ", []string{"./facts -run UnknownIsSaid"}},
		{"a question that nobody asks any more hides the next fault of its source", "facts/spells.go", "> forgetUnknown", "> 1000*forgetUnknown", []string{"./facts -run UnknownIsSaid"}},
		{"more is open than the contract allows for", "contracts/choices.go", "case c.tooMany(p, i, q.variables):", "case false:", []string{choices}},
		{"another target's worker says what there is", "evidence/inventory.go", "(k.ForTarget(name.Target), signed", "(k, signed", []string{"./evidence -run Inventory"}},
		{"one list passes for another", "evidence/inventory.go", "if i.Name() != name {", "if false {", []string{"./evidence -run Inventory"}},
		{"a choice that is gone is opened", "activities/inventories.go", "case !there:", "case !there && g.Name == \"\":", []string{again}},
		{"a choice is opened that is another than was approved", "activities/inventories.go", "case !now.Same(c.Choice):", "case !now.Same(c.Choice) && g.Name == \"\":", []string{again}},
		{"approvers are read from a list that no worker looks at again", "contracts/chosen.go", "case len(t.grants.Grants) > 0 && !slices", "case false && !slices", []string{owner}},
		{"who may ask depends on what was chosen, which is not known then", "contracts/chosen.go", "if early.cond != nil && readsVariable", "if false && readsVariable", []string{owner}},
		{"what ends access forgets what was chosen", "contracts/endwhen_evaluate.go", "vars[chosenVariable] = chosenVariables(p.Choices)", "vars[chosenVariable] = chosenVariables(nil)", []string{owner}},
		{"access is planned into a window that is too short", "contracts/next_window.go", "if t = c.until(at, at.Add(length)); t.Equal(at.Add(length)) {", "if t = c.until(at, at.Add(length)); true {", []string{"./contracts -run NextWindow"}},
		{"a request in the next window is decided when it would be too late", "contracts/evaluate.go", "if in.Request.InNextWindow && e.Draft.StartAt == nil &&", "if false && e.Draft.StartAt == nil &&", []string{"./contracts -run NextWindow"}},
		{"the API forgets that the next window was asked for", "contracts/evaluate.go", "e := c.evaluate(c.planned(in, in.Now))", "e := c.evaluate(in)", []string{"./server -run NextWindow"}},
		{"a condition on approvers that lets nobody passes for tested", "contracts/runtests.go", "if step.Result != Satisfied || !slices.Contains(onApprovers, step.Field) {", "if step.Field != \"\" || !slices.Contains(onApprovers, step.Field) {", []string{"./contracts -run UntestedApprovers"}},
		{"a target that nobody serves is found by the request alone", "config/validate.go", "\tif !known {\n\t\treturn nil\n", "\tif !known || true {\n\t\treturn nil\n", []string{"./config -run TargetsThatNobody"}},
		{"one mistake hides another in a contract with a base", "contracts/document.go", "if from != nil && len(from.issues) > 0 || d.baseless", "if from != nil || len(d.issues) > 0 || d.baseless", []string{"./contracts -run AllMistakes"}},
		{"half a list passes for all of it", "integrations/inventory.go", "if err != nil {\n\t\t\treturn nil, err\n\t\t}\n\t\tall =", "if err != nil {\n\t\t\tbreak\n\t\t}\n\t\tall =", []string{"./integrations -run TestInventory"}},
		{"a base says who approves, and its people are left out", "contracts/base_merge.go", "out.Values = slices.Concat(b.Values, a.Values)", "out.Values = slices.Clone(a.Values)", []string{base}},
	}
}
