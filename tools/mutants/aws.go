package main

// aws returns the mutants of the targets on AWS.
func aws() []mutant {
	const center, tests = "integrations/identitycenter/", "./integrations/identitycenter -run "
	const iam, ofIAM = "integrations/awsiam/", "./integrations/awsiam -run "
	return []mutant{
		{"an assignment that an administrator gave is taken for Ramp's", "integrations/counted/target.go", "	if err := t.NotForeign(ctx, object); err != nil {\n		return err\n	}\n", "", []string{tests + "TestLife/Case142"}},
		{"the first grant to end takes an assignment from the others", "integrations/counted/counted.go", "	return integrations.DetachOnce(ctx, s.Holders, g.Name, s.Consistency, s.removal(g.Name))", "	objects, err := s.Holders.Objects(ctx, g.Name)\n	for object := range objects {\n		err = s.Objects.Remove(ctx, object, g.Name)\n	}\n	return err", []string{tests + "TestCase142"}},
		{"a deletion of AWS's that fails later counts as done", center + "assign.go", "case there && failed != nil:\n		return removed, at, failed\n	case there:", "case there && failed != nil && false:\n		return removed, at, failed\n	case false:", []string{tests + "TestLife/Case143"}},
		{"an assignment that fails later counts as made", center + "assign.go", "		case types.StatusValuesFailed:\n			return access", "		case types.StatusValuesFailed:\n			return nil\n		case \"x\":\n			return access", []string{tests + "TestLife/CreationFailsLater"}},
		{"an assignment that is being made while it is ended comes after the end", center + "assign.go", "		if making {", "		if false && making {", []string{tests + "TestLife/Case152"}},
		{"an assignment that is being made is read back as gone", "integrations/counted/counted.go", "			out.Open = out.Open || making\n", "			_ = making\n", []string{tests + "TestLife/Case152"}},
		{"more assignments are begun than AWS takes", center + "assign.go", "if len(made)+len(removed) < maxUnderWay {", "if len(made)+len(removed) < 1000 {", []string{tests + "TestLife/UnderWay"}},
		{"a session of Identity Center goes on after the end", center + "sessions.go", "if removed || len(known) == 0 {", "if false && (removed || len(known) == 0) {", []string{tests + "TestCase143Sessions"}},
		{"a worker that is late takes somebody's denial away", center + "sessions.go", "		if err := t.pause(ctx); err != nil {\n			return err\n		}\n	}\n	return access", "		return err\n	}\n	return access", []string{tests + "TestCase143Sessions/AWorkerThatIsLate"}},
		{"a denial that is not in the policy counts as there", center + "sessions.go", "if !covers(has, d, pattern) {", "if false && !covers(has, d, pattern) {", []string{tests + "TestCase143Sessions/TakenOutByHand"}},
		{"a denial cuts a person's other permission sets", center + "policy.go", "exact[i] = deny([]string{d.of.user}, pattern, d.at)", "exact[i] = deny([]string{d.of.user}, pattern[:0], d.at)", []string{tests + "TestCase143Sessions/OnlyTheirs"}},
		{"a permission set is given under another name", center + "assignment.go", "	if err := t.checkName(ctx, ent.PermissionSet); err != nil {\n		return a, err\n	}\n", "", []string{tests + "TestLife/AnotherName"}},
		{"a wildcard gives the management account", center + "validate.go", "account != c.Management && slices", "slices", []string{tests + "TestManagementAccount"}},
		{"a prefix of a bucket is the beginning of others, too", iam + "resource.go", "{0,700}/$`)", "{0,700}$`)", []string{ofIAM + "TestConformance/core/Resolve"}},
		{"a bucket that somebody else made is Ramp's account's", iam + "resource.go", "{\"StringEquals\": {\"aws:ResourceAccount\": c.Account}}", "{}", []string{ofIAM + "TestLife/NamedResources"}},
		{"a key is used past the bucket", iam + "resource.go", "		if w.Bucket != \"\" {\n			// What else", "		if false {\n			// What else", []string{ofIAM + "TestLife/NamedResources"}},
		{"the credentials of a role without its boundary are handed out", iam + "mint.go", "want != \"\" && r.boundary != want {", "want != \"\" && r.boundary != want && false {", []string{ofIAM + "TestLife/MintUnbounded"}},
		{"a role of another account does not hear the external id", "integrations/awsapi/config.go", "			if one.ExternalID != \"\" {", "			if false {", []string{ofIAM + "TestLife/Chain"}},
	}
}
