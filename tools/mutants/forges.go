package main

// forges returns the mutants of memberships that grants share, and of GitHub and GitLab.
func forges() []mutant {
	const shared, hub = "integrations/membership/", "integrations/github/"
	const lab, list = "integrations/gitlab/", "integrations/jsonhttp/list.go"
	ofLab := []string{"./integrations/gitlab -run TestCase150$|TestEnd"}
	tests := []string{"./integrations/github -run TestCase150|TestWho"}
	counts := []string{"./integrations/counted -run TestCase157", "./ledger -run TestLedger/.*/HoldersCase157"}
	return []mutant{
		{"a grant that has ended takes what an administrator gave since", "integrations/sharing.go", "		if _, done := settled[object]; done {", "		if _, done := settled[object]; done && false {", counts},
		{"what an administrator gave after a grant keeps it from ending", "integrations/counted/counted.go", "what != \"\" && !done", "what != \"\"", counts},
		{"what may still come to the target counts as removed for good", "ledger/holders.go", "AND made_at > 0 AND", "AND", counts},
		{"what the target may show late counts as removed for good", "ledger/holders.go", "			left_at >= ? + (SELECT", "			left_at + ? >= (SELECT", counts},
		{"nobody hears that a person has again what a grant gave", "activities/close.go", "	if !p.Again {", "	if true {", []string{"./activities -run TestCase157"}},
		{"nobody hears of a part of a target that is not shown", "reconcile/reconciler.go", "		report.Unlisted = access.Clip(err.Error(), 300)\n", "", []string{"./reconcile -run TestPartOfATargetIsHidden"}},
		{"one place that is not shown hides all others", "integrations/counted/counted.go", "	if !looked {", "	if !looked || true {", []string{"./integrations/gitlab -run TestCase150$"}},
		{"a membership that somebody else gave is taken for Ramp's", shared + "target.go", "	if err := t.NotForeign(ctx, m.object()); err != nil {\n		return err\n	}\n", "", tests},
		{"two grants give one person two roles in one place", shared + "target.go", "			if object != own {", "			if false {", tests},
		{"the first grant to end takes a membership from the others", "integrations/counted/counted.go", "	return integrations.DetachOnce(ctx, s.Holders, g.Name, s.Consistency, s.removal(g.Name))", "	objects, err := s.Holders.Objects(ctx, g.Name)\n	for object := range objects {\n		err = s.Objects.Remove(ctx, object, g.Name)\n	}\n	return err", tests},
		{"an invitation counts as access that was opened", shared + "target.go", "	case is.Pending:\n			// Whoever", "	case false:\n			// Whoever", tests},
		{"an invitation stays behind", shared + "target.go", "			if err := t.service.Remove(ctx, m); err != nil {\n				return err\n			}\n			return access.Invalid", "			return access.Invalid", tests},
		{"a team that GitHub does not show is gone", hub + "team.go", "	case !seen || !teams:", "	case false:", tests},
		{"a user whom GitHub shows to nobody has no access", hub + "api.go", "	if err != nil || login != \"\" {\n		return login, err\n	}\n	_, err = jsonhttp.List", "	if true {\n		return login, err\n	}\n	_, err = jsonhttp.List", []string{"./integrations/github -run TestCase150/.*/Flagged"}},
		{"who moves to a page that was read already is not seen", list, "found && long; n++", "found && long && false; n++", []string{"./integrations/github -run TestListThatChanges", "./integrations/gitlab -run TestCase150/ListThatChanges"}},
		{"null is an empty list", "integrations/jsonhttp/call.go", "bytes.Equal(bytes.TrimSpace(body), []byte(\"null\")) || ", "", []string{"./integrations/jsonhttp -run TestReplies", "./integrations/github -run TestCase150/.*/NullIsNoList", "./integrations/gitlab -run TestCase150/NullIsNoList", "./integrations/oktagroup -run TestCase151OktaNull"}},
		{"a repository that GitHub does not show is gone", hub + "repository.go", "	name, err := s.nameOf(ctx, id)\n	if err != nil {\n		return out, err\n	}\n	found, err := jsonhttp.List", "	name, err := s.nameOf(ctx, id)\n	if err != nil {\n		return out, nil\n	}\n	found, err := jsonhttp.List", tests},
		{"whoever takes a person's old login has their access", hub + "people.go", "		if err == nil && !strings.EqualFold(login, p.Login) {", "		if login = p.Login; false {", tests},
		{"somebody of another domain is the managed user of the same name", hub + "people.go", "strings.EqualFold(domain, c.Domain) && login", "login", []string{"./integrations/github -run TestWho|TestConfig"}},
		{"who is no member of the organisation is let in by an invitation", hub + "people.go", "	case in.State != \"active\":", "	case false:", tests},
		{"a group of GitLab's that is not shown is gone", lab + "target.go", "	case !found:\n		return out, s.seen(ctx, m.Place)", "	case !found:\n		return out, nil", ofLab},
		{"the end in a group takes what is below it", lab + "target.go", "?skip_subresources=true", "", ofLab},
		{"GitLab's own end is before a grant's", lab + "target.go", "Add(48 * time.Hour)", "Add(time.Hour)", ofLab},
		{"one grant's end takes the rest of another's on GitLab", shared + "target.go", "		if is.IsThere() && is.Ends.After(want.Ends) {", "		if false {", ofLab},
		{"a change that waits for GitLab's administrator counts as made", lab + "target.go", "	case made.Level == 0:", "	case false:", ofLab},
		{"GitHub's limit counts as missing rights", hub + "api.go", "	if wait := integrations.RetryAfter(h); wait > 0 {", "	if wait := integrations.RetryAfter(h); false {", []string{"./integrations/github -run TestLimits"}},
		{"collaborators past the first page are not seen", list, "		if len(page) == 0 {", "		if true {", []string{"./integrations/github -run TestManyCollaborators"}},
		{"a person who can add others is let in unsaid on GitHub", hub + "config.go", "rule.MayAddPeople || len(adds) == 0", "true || len(adds) == 0", []string{"./integrations/github -run TestCase154"}},
		{"a person who can add others is let in unsaid on GitLab", lab + "config.go", "rule.MayAddPeople || len(adds) == 0", "true || len(adds) == 0", []string{"./integrations/gitlab -run TestCase154"}},
		{"an App of GitHub's with every permission passes for just what is needed", hub + "rights.go", "if rank(have[name]) > max(", "if false && rank(have[name]) > max(", []string{"./integrations/github -run TestRightsOfApp"}},
		{"a classic token of GitHub's passes for just what is needed", hub + "rights.go", "		case need[scope], scope", "		case true, scope", []string{"./integrations/github -run TestRightsOfToken"}},
		{"an administrator's token of GitLab passes for just what is needed", lab + "rights.go", "	case own.IsAdmin && s.config.Provider == \"\":", "	case false:", []string{"./integrations/gitlab -run TestRights"}},
		{"a token of GitLab's that reaches other groups passes for just what is needed", lab + "rights.go", "!s.config.reaches(need, k, path)", "!s.config.reaches(need, k, path) && false", []string{"./integrations/gitlab -run TestRights"}},
	}
}
