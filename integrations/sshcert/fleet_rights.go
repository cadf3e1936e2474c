package sshcert

import (
	"context"
	"maps"
	"slices"

	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/sshcert/hostcall"
)

var _ integrations.RightsReader = (*fleet)(nil)

// Rights implements integrations.RightsReader: who may read the keys on this machine, or put
// others in their place, and how each host's set-up differs from this configuration: the
// logins that its helper gives, the authorities that it trusts, the keys that it lets in, and
// who there may write what it goes by. Of a host that does not say, that is unknown. Errors are
// of code unavailable.
func (f *fleet) Rights(ctx context.Context) (r integrations.Rights, err error) {
	keys := []guarded{{string(f.config.HelperKey), "has the key that the hosts' helpers let in", 0o077}}
	if f.config.Authority == nil {
		keys = append(keys, guarded{string(f.config.CA), "has the authority's key", 0o077})
	} else {
		r.Unknown = append(r.Unknown, keeperKnows)
	}
	looked := keys
	for _, key := range keys {
		if looked, err = key.withDirectories(looked, "leads to a key, and may lead to another"); err != nil {
			return r, err
		}
	}
	if r.TooMuch, err = othersMay(looked); err != nil {
		return r, err
	}
	found, all := gather(ctx, f, f.config.names(), func(ctx context.Context, h hostcall.Host) (hostcall.Setup, error) { return h.Setup(ctx) })
	said := differences{lacks: map[string][]string{}, tooMuch: map[string][]string{}, unknown: map[string][]string{}}
	for name, is := range found {
		said.add(name, f.compare(is))
	}
	for name, err := range all.failed {
		said.unknown["the host's set-up: "+access.Clip(err.Error(), 200)] = append(said.unknown["the host's set-up: "+access.Clip(err.Error(), 200)], name)
	}
	r.Add(said.rights())
	return r, nil
}

// compare returns how one host's set-up differs from what this target needs of it.
func (f *fleet) compare(is hostcall.Setup) (r integrations.Rights) {
	for _, user := range f.config.Users {
		if !slices.Contains(is.Users, user) {
			r.Lacks = append(r.Lacks, "login "+user+", which its helper does not list")
		}
	}
	if more := integrations.Beside(is.Users, f.config.Users); len(more) > 0 {
		r.TooMuch = append(r.TooMuch, integrations.Some("its helper also gives logins", more))
	}
	authority := ssh.FingerprintSHA256(f.authority.Public())
	if !slices.Contains(is.Authorities, authority) {
		r.Lacks = append(r.Lacks, "the host's trust in this target's authority "+authority)
	}
	if more := integrations.Beside(is.Authorities, []string{authority}); len(more) > 0 {
		r.TooMuch = append(r.TooMuch, integrations.Some("it also trusts authorities", more))
	}
	// Another worker of this target may have a key of its own.
	if more := integrations.Beside(is.Workers, []string{f.own}); len(more) > 0 {
		r.Unknown = append(r.Unknown, integrations.Some("whose keys its helper also lets in:", more))
	}
	r.Add(is.Rights)
	return r
}

// differences are what hosts say, with the hosts that say it.
type differences struct{ lacks, tooMuch, unknown map[string][]string }

// maxDifferences bounds what is taken of one host: it may say anything.
const maxDifferences = 20

func (d differences) add(host string, r integrations.Rights) {
	for in, texts := range map[*map[string][]string][]string{&d.lacks: r.Lacks, &d.tooMuch: r.TooMuch, &d.unknown: r.Unknown} {
		for _, text := range texts[:min(maxDifferences, len(texts))] {
			text = access.Clip(text, 1000)
			(*in)[text] = append((*in)[text], host)
		}
	}
}

// rights returns one entry for all hosts that say the same.
func (d differences) rights() integrations.Rights {
	list := func(in map[string][]string) (out []string) {
		for _, text := range slices.Sorted(maps.Keys(in)) {
			hosts := in[text]
			slices.Sort(hosts)
			out = append(out, integrations.Some(text+", on", hosts))
		}
		return out
	}
	return integrations.Rights{Lacks: list(d.lacks), TooMuch: list(d.tooMuch), Unknown: list(d.unknown)}
}
