package e2e

import (
	"context"
	"errors"
	"time"

	"ramp.dev/ramp/integrations/azurerole/azuretest"
	"ramp.dev/ramp/integrations/gcpiam/gcptest"
	"ramp.dev/ramp/integrations/github/githubtest"
	"ramp.dev/ramp/integrations/gitlab/gitlabtest"
	"ramp.dev/ramp/integrations/oktagroup/oktatest"
)

// What people have as members or in a role, at services that they sign in to themselves. The
// services are stand-ins: what is measured is Ramp's part.

// member is the client of somebody for whom there is nothing to pick up: whether they have what
// the service was to give them is asked of the service, past Ramp.
func member(has func() (bool, error)) func(*installation, context.Context, string) targetClient {
	return func(*installation, context.Context, string) targetClient {
		return targetClient{uses: func(context.Context) error {
			is, err := has()
			if err == nil && !is {
				err = errors.New("the person has nothing")
			}
			return err
		}}
	}
}

func measuredGoogle(in *installation) measuredTarget {
	s := gcptest.Start(in.T)
	network, at := in.wire(s.URL)
	const viewer = "roles/logging.viewer"
	return measuredTarget{"gcp/figures", "{resource: " + gcptest.Project + ", role: " + viewer + "}", doc{"kind": "gcp", "credentials": "file:" + s.KeyFile(in.T), "endpoint": at, "consistency": "1s",
		"allow": []any{doc{"resources": []string{gcptest.Project}, "roles": []string{viewer}}}}, network,
		member(func() (bool, error) { return s.Allows(gcptest.Project, viewer, "user:"+measured, time.Now()) })}
}

func measuredAzure(in *installation) measuredTarget {
	s := azuretest.Start(in.T)
	const id = "00000000-0000-0000-0000-00000000a11c"
	s.Users[measured] = id
	network, at := in.wire(s.URL)
	return measuredTarget{"azure/figures", "{scope: " + azuretest.Orders + ", role: Reader}", doc{"kind": "azure", "tenant": azuretest.Tenant, "client": azuretest.Client, "secret": in.passwordFile(s.Secret), "endpoint": at, "consistency": "1s",
		"roles": doc{"Reader": azuretest.Reader}, "allow": []any{doc{"scopes": []string{azuretest.Orders}, "roles": []string{"Reader"}}}}, network,
		member(func() (bool, error) { return s.Has(azuretest.Orders, azuretest.Reader, id), nil })}
}

func measuredOkta(in *installation) measuredTarget {
	s := oktatest.Start(in.T)
	const id = "00u0000000000000a1ce"
	s.Users[measured] = id
	network, at := in.wire(s.URL)
	s.Elsewhere = at
	return measuredTarget{"okta/figures", "{group: dba}", doc{"kind": "okta", "address": at, "token": in.passwordFile(oktatest.APIToken), "consistency": "1s", "groups": doc{"dba": oktatest.DBA}}, network,
		member(func() (bool, error) { return s.Has(oktatest.DBA, id), nil })}
}

func measuredGitHub(in *installation) measuredTarget {
	s := githubtest.Start(in.T, githubtest.New("acme"))
	id, team := s.AddUser("alice", "member"), s.AddTeam("oncall")
	network, at := in.wire(s.URL)
	return measuredTarget{"github/figures", "{team: oncall, role: member}", doc{"kind": "github", "organisation": "acme", "address": at, "token": in.passwordFile(githubtest.Token), "consistency": "1s",
		"people": doc{measured: doc{"login": "alice", "id": id}}, "allow": []any{doc{"teams": []string{"oncall"}, "roles": []string{"member"}}}}, network,
		member(func() (bool, error) { return s.RoleIn(team, id) != "", nil })}
}

func measuredGitLab(in *installation) measuredTarget {
	s := gitlabtest.Start(in.T)
	id, group := s.AddUser("alice", measured), s.Add(s.Groups, "oncall")
	network, at := in.wire(s.URL)
	return measuredTarget{"gitlab/figures", "{group: oncall, role: developer}", doc{"kind": "gitlab", "address": at, "token": in.passwordFile(gitlabtest.Token), "consistency": "1s",
		"people": doc{measured: doc{"username": "alice", "id": id}}, "allow": []any{doc{"groups": []string{"oncall"}, "roles": []string{"developer"}}}}, network,
		member(func() (bool, error) { return s.Member(group, id, nil).Level > 0, nil })}
}
