package main

// policy returns the mutants of bases and of choices.
func policy() []mutant {
	const base = "./contracts -run Base"
	return []mutant{
		{"a contract is laxer than its base", "contracts/base_fields.go", "if own != nil && theirs != nil && r.how", "if false && theirs != nil && r.how", []string{base}},
		{"a contract passes the people of its base by", "contracts/base_fields.go", "if len(theirs.stages.Stages) == 0 {", "if len(theirs.stages.Stages) < 99 {", []string{base}},
		{"extensions last longer than the base gives", "contracts/base_fields.go", "most != nil && d.written(\"extend\", \"upTo\")", "false && most != nil", []string{base}},
		{"a base opens more than was open without it", "contracts/base_fields.go", "r.usual == \"\" || n == nil ||", "r.usual != \"\" || n == nil ||", []string{base}},
		{"a contract's own condition takes the place of its base's", "contracts/base_merge.go", "case rule.how == both:", "case false:", []string{base}},
		{"half a condition says something else than the whole", "contracts/base.go", "d.condition(d.contract.terms.who.Who, \"request\", \"who\") // by itself", "_ = 0 // by itself", []string{base}},
		{"a base says who approves, and its people are left out", "contracts/base_merge.go", "out.Values = slices.Concat(b.Values, a.Values)", "out.Values = slices.Clone(a.Values)", []string{base}},
	}
}
