package sshcert

import (
	"maps"
	"slices"
	"strings"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
)

// fleetEntitlement is one login on some hosts of a fleet.
type fleetEntitlement struct {
	User    string         `entitlement:"user,required"`
	Source  string         `entitlement:"sourceAddress"` // as of a single host
	Command string         `entitlement:"command"`       // as of a single host
	Hosts   []string       `entitlement:"hosts"`         // by name
	Labels  map[string]any `entitlement:"labels"`        // every host that has all of them; with hosts, those of them that do
}

// entitlement reads and checks e, and returns what each host is asked for, and which
// hosts these are, in order. Errors are of code invalid, with every issue.
func (c FleetConfig) entitlement(e access.Entitlement) (one access.Entitlement, own entitlement, hosts []string, err error) {
	var whole fleetEntitlement
	issues := integrations.DecodeEntitlement(e, &whole)
	one = maps.Clone(e)
	delete(one, "hosts")
	delete(one, "labels")
	known := maps.Clone(one)
	maps.DeleteFunc(known, func(name string, _ any) bool {
		return !slices.Contains([]string{"user", "sourceAddress", "command"}, name)
	})
	own, wrong := c.single().entitlement(known)
	for _, is := range access.IssuesOf(wrong) {
		if !slices.ContainsFunc(issues, func(seen access.Issue) bool { return seen.Code == is.Code && seen.Field == is.Field }) {
			issues = append(issues, is)
		}
	}
	hosts = c.choose(&issues, whole)
	return one, own, hosts, issues.Err()
}

// choose returns the names of the hosts that an entitlement means, in order.
func (c FleetConfig) choose(issues *access.Issues, e fleetEntitlement) (hosts []string) {
	issues.Require(len(e.Hosts) > 0 || len(e.Labels) > 0, "hosts_missing", "hosts", "hosts or labels are needed: on which hosts")
	for _, name := range e.Hosts {
		_, there := c.host(name)
		issues.Require(there || name == "", "host_unknown", "hosts", "%q is none of this target's hosts", access.Clip(name, 40))
	}
	for name, value := range e.Labels {
		text, ok := value.(string)
		issues.Require(ok && text != "", "label_malformed", "labels."+access.Clip(name, 40), "a label has a text")
	}
	for _, h := range c.Hosts {
		if (len(e.Hosts) == 0 || slices.Contains(e.Hosts, h.Name)) && h.has(e.Labels) {
			hosts = append(hosts, h.Name)
		}
	}
	if len(*issues) == 0 {
		issues.Require(len(hosts) > 0, "hosts_none", "labels", "no host has these labels")
		issues.Require(len(strings.Join(hosts, ", ")) <= maxNames, "hosts_many", "hosts", "these are %d hosts; approvers could not read their names", len(hosts))
	}
	slices.Sort(hosts)
	return hosts
}

// maxNames bounds the names of the hosts of one grant together, in characters: approvers
// see them all.
const maxNames = 1500

func (h FleetHost) has(labels map[string]any) bool {
	for name, value := range labels {
		if h.Labels[name] != value {
			return false
		}
	}
	return true
}
