package main

// clouds returns the mutants of the targets in other clouds than AWS.
func clouds() []mutant {
	const google, tests = "integrations/gcpiam/", "./integrations/gcpiam -run "
	const azure, ofAzure = "integrations/azurerole/", "./integrations/azurerole -run "
	const okta, ofOkta = "integrations/oktagroup/", "./integrations/oktagroup -run "
	return []mutant{
		{"a membership at Okta on a later page is none", okta + "membership.go", "			if one.ID == m.group {\n				return true, nil\n			}\n		}\n		if next == \"\" {", "			if one.ID == m.group {\n				return true, nil\n			}\n		}\n		if true {", []string{ofOkta + "TestCase151OktaPages"}},
		{"Ramp's own token follows a list to another address", "integrations/jsonhttp/page.go", "!ours || !strings.HasPrefix(rest, \"/\")", "!ours", []string{ofOkta + "TestCase151OktaPages"}},
		{"what Okta does not find is gone", okta + "membership.go", "err == nil && !there && !found {", "err == nil && !there && !found && false {", []string{ofOkta + "TestCase151OktaNotFound"}},
		{"a group that Okta does not show has no members", okta + "membership.go", "		case !found:\n			return false, access", "		case !found:\n			return false, nil\n		case false:\n			return false, access", []string{ofOkta + "TestCase151OktaNotFound"}},
		{"a token that a service took back is used until its end", "integrations/jsonhttp/call.go", "resp.StatusCode == http.StatusUnauthorized && ", "false && ", []string{"./integrations/jsonhttp -run TestRefusedToken", ofOkta + "TestServiceApplication"}},
		{"who was refused with an old token drops the new one", "integrations/jsonhttp/token.go", "t.token != nil && t.token.AccessToken == token", "t.token != nil", []string{"./integrations/jsonhttp -run TestManyNeedAToken"}},
		{"a rule of Okta's that puts somebody back is not seen", okta + "membership.go", "err == nil && there {", "err == nil && there && false {", []string{ofOkta + "TestCase151OktaMembersBefore"}},
		{"who was a member at Okta before is taken for Ramp's", "integrations/counted/target.go", "	if err := t.NotForeign(ctx, object); err != nil {\n		return err\n	}\n", "", []string{ofOkta + "TestCase151OktaMembersBefore"}},
		{"sessions at Okta go on where they should end", okta + "membership.go", "err != nil || !t.config.EndSessions", "err != nil || true", []string{ofOkta + "TestSessions"}},
		{"an assignment that an administrator of Azure gave is taken for Ramp's", azure + "assignment.go", "			if e != nil || there {\n				return e\n			}\n			return access", "			if e != nil || there || true {\n				return e\n			}\n			return access", []string{ofAzure + "TestCase151AzureSomebody"}},
		{"an assignment of another installation's is taken for Ramp's", "integrations/counted/target.go", "	if err := t.NotForeign(ctx, object); err != nil {\n		return err\n	}\n", "", []string{ofAzure + "TestCase151AzureSomebody"}},
		{"a deletion of Azure's that did nothing counts as done", azure + "assignment.go", "err == nil && there {", "err == nil && there && false {", []string{ofAzure + "TestCase151AzureSomebody"}},
		{"a subscription that Azure does not find proves that access has ended", azure + "wire.go", "\"ResourceGroupNotFound\", ", "\"ResourceGroupNotFound\", \"SubscriptionNotFound\", ", []string{ofAzure + "TestUnknown"}},
		{"a role that gives every other is given on Azure", azure + "validate.go", "unending()[id] == \"\"", "unending()[id] == \"\" || true", []string{ofAzure + "TestConfig"}},
		{"a custom role that leads to every other is given on Azure", azure + "definition.go", "action != \"\"", "false && action != \"\"", []string{ofAzure + "TestCase153"}},
		{"a custom role in another case of letters passes for narrow", azure + "permission.go", "strings.ToLower(pattern), \"*\"", "pattern, \"*\"", []string{ofAzure + "TestCase153", ofAzure + "TestMatches"}},
		{"a role of which Azure does not say what is in it is given", azure + "definition.go", " || has.Properties.Permissions == nil", "", []string{ofAzure + "TestCase153"}},
		{"a wide application of Azure's passes for just what is needed", "integrations/rights.go", "		if has(right) {", "		if false {", []string{ofAzure + "TestRights", tests + "TestRights"}},
		{"what was not granted to Ramp's application at Okta passes for granted", okta + "rights.go", "said != \"\" && ", "false && ", []string{ofOkta + "TestRightsScopes"}},
		{"a role over all groups of Okta passes for one over those listed", okta + "rights.go", "over.all || len(groups) == 0", "over.all", []string{ofOkta + "TestRights$"}},
		{"Ramp's own token follows a set of resources to another address", okta + "rights.go", "!ours || !strings.HasPrefix(rest, \"/\")", "!ours", []string{ofOkta + "TestRightsScopes"}},
		{"one scope of Azure's in two spellings is two", azure + "validate.go", "issues.Require(!twice, ", "issues.Require(true || twice, ", []string{ofAzure + "TestConfig"}},
		{"a policy of Google Cloud's without an etag is written back", google + "policy.go", "strictjson.UnmarshalOpen(f[\"etag\"], &etag) != nil || etag == \"\"", "strictjson.UnmarshalOpen(f[\"etag\"], &etag) != nil && false", []string{tests + "TestCase151OldPolicy"}},
		{"an old policy of Google Cloud's proves that a binding is gone", google + "grant.go", "			p.replace(grant)\n			return true, nil", "			had := len(p.of(grant)) > 0\n			p.replace(grant)\n			return had, nil", []string{tests + "TestCase151OldPolicy"}},
		{"what others wrote into a policy of Google Cloud's is lost", google + "policy.go", "	for name, text := range p.other {\n		out[name] = text\n	}\n", "", []string{tests + "TestCase151OthersWrite"}},
		{"what Ramp does not know of others' bindings is lost", google + "policy.go", "b.raw != nil", "b.raw != nil && false", []string{tests + "TestConformance/bucket/foreign"}},
		{"a binding on a resource that left the configuration counts as gone", google + "target.go", "	if len(objects) == 0 {", "	if true {", []string{tests + "TestCase151WhereTheGrantIs"}},
		{"a binding that the ledger does not know stays", google + "grant.go", "	if len(objects) > 0 {", "	if true {", []string{tests + "TestCase151WhereTheGrantIs"}},
		{"a role that takes no condition is given on Google Cloud", google + "validate.go", "!takesNoCondition(role)", "true || !takesNoCondition(role)", []string{tests + "TestConfig"}},
		{"a role that writes policies is given on Google Cloud", google + "validate.go", "!unending(role)", "true || !unending(role)", []string{tests + "TestConfig"}},
		{"a custom role that leads past the end is given on Google Cloud", google + "role.go", "one := lasting(has, resource); one != \"\" {", "one := lasting(has, resource); one != \"\" && false {", []string{tests + "TestCase160"}},
		{"a role that makes keys which no policy shows is given on Google Cloud", google + "role.go", "\t\t\"storage.hmacKeys.create\", // of any service account of the project\n", "", []string{tests + "TestCase165"}},
		{"an extension on Google Cloud does not look at the role", google + "grant.go", "func (t *target) Extend(ctx context.Context, g access.Grant) error {\n\tresource, want, err := t.binding(g)\n\tif err == nil {", "func (t *target) Extend(ctx context.Context, g access.Grant) error {\n\tresource, want, err := t.binding(g)\n\tif err == nil && false {", []string{tests + "TestCase160"}},
		{"a role of which Google does not say what it gives is given", google + "role.go", "has.IncludedPermissions == nil", "false", []string{tests + "TestCase160"}},
		{"somebody else's kind of credentials is used for Google Cloud", google + "token.go", " || kind.Type != google.ServiceAccount && kind.Type != google.ExternalAccount", "", []string{tests + "TestCredentials"}},
		{"another condition in a binding of Google Cloud's is no difference", google + "grant.go", "; !ours {", "; false && !ours {", []string{tests + "TestConformance/project/drift"}},
	}
}
