package terraform

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"

	"ramp.dev/ramp/access"
)

const (
	// What a plan cannot show within these, nobody can approve.
	maxResources = 24
	maxResource  = 12_000 // characters, as access.Scope has room for

	sensitiveText = "(sensitive)"
	unknownText   = "(known when it opens)"
)

// planned is one thing that a plan does, without what differs from grant to grant and
// without values that the module marks as sensitive.
type planned struct {
	Address  string `json:"address"`
	Type     string `json:"type"`
	Provider string `json:"provider"`
	Mode     string `json:"mode"`
	Action   string `json:"action"`
	Values   any    `json:"values"`
}

// approvable returns what a plan against nothing does, in the order of addresses, and the
// digest over it. Two plans of one digest make the same; what neither knows before it is
// applied, and sensitive values, are left out of it. Errors are of code invalid: the plan
// does something that opening and closing must not, or cannot be shown.
func approvable(p *tfjson.Plan) (all []planned, digest string, err error) {
	var issues access.Issues
	for _, c := range p.ResourceChanges {
		if c.Change == nil || ownMark(c) {
			continue
		}
		issues.Require(c.Change.Importing == nil && c.PreviousAddress == "" && (c.Change.Actions.Create() || c.Change.Actions.Read() || c.Change.Actions.NoOp()), "plan_takes_over", "module",
			"it takes over %s, which is there already and would be destroyed at the end; a module makes what is new only", access.Clip(c.Address, 200))
		issues.Require(c.DeposedKey == "", "plan_takes_over", "module", "%s is what another apply has left", access.Clip(c.Address, 200))
		all = append(all, planned{c.Address, c.Type, c.ProviderName, string(c.Mode), action(c.Change.Actions), shown(c.Change.After, c.Change.AfterUnknown, c.Change.AfterSensitive)})
	}
	issues.Require(p.Complete == nil || *p.Complete, "plan_incomplete", "module", "the program cannot plan it whole before a part of it is applied")
	issues.Require(len(p.DeferredChanges) == 0 && len(p.ActionInvocations) == 0, "plan_incomplete", "module", "it has actions, or parts that are deferred, which a plan does not show")
	issues.Require(len(all) <= maxResources, "plan_long", "module", "it makes %d resources; approvers are shown %d at the most", len(all), maxResources)
	slices.SortFunc(all, func(a, b planned) int { return strings.Compare(a.Address, b.Address) })
	for _, one := range all {
		issues.Require(len(one.text()) <= maxResource, "plan_long", "module", "%s has more in it than approvers can be shown", access.Clip(one.Address, 200))
	}
	if err := issues.Err(); err != nil {
		return nil, "", err
	}
	b, err := json.Marshal(all)
	if err != nil {
		return nil, "", err
	}
	sum := sha256.Sum256(b)
	return all, "sha256:" + hex.EncodeToString(sum[:]), nil
}

// ownMark reports whether a change is of Ramp's own marks, which differ from grant to grant.
func ownMark(c *tfjson.ResourceChange) bool {
	return c.ModuleAddress == "" && c.Type == "terraform_data" && c.Name == markName
}

func action(a tfjson.Actions) string {
	words := make([]string, len(a))
	for i, one := range a {
		words[i] = string(one)
	}
	return strings.Join(words, " and ")
}

// text is how approvers read it: one line.
func (p planned) text() string {
	return showing(p.Action + " " + p.Address + " " + oneLine(p.Values))
}

// shown returns what a value will be, with words in place of what is not known yet and of
// what is sensitive. What is null is left out.
func shown(value, unknown, sensitive any) any {
	if sensitive == true {
		return sensitiveText
	}
	if unknown == true {
		return unknownText
	}
	switch v := value.(type) {
	case map[string]any:
		return shownObject(v, unknown, sensitive)
	case []any:
		return shownList(v, unknown, sensitive)
	case nil:
		if u, ok := unknown.(map[string]any); ok && len(u) > 0 {
			return shownObject(nil, unknown, sensitive)
		}
	}
	return value
}

func shownObject(v map[string]any, unknown, sensitive any) any {
	u, _ := unknown.(map[string]any)
	s, _ := sensitive.(map[string]any)
	out := map[string]any{}
	for _, name := range slices.Concat(sortedKeys(v), sortedKeys(u)) {
		if one := shown(v[name], u[name], s[name]); one != nil {
			out[name] = one
		}
	}
	return out
}

func shownList(v []any, unknown, sensitive any) any {
	u, _ := unknown.([]any)
	s, _ := sensitive.([]any)
	out := make([]any, max(len(v), len(u)))
	for i := range out {
		out[i] = shown(at(v, i), at(u, i), at(s, i))
	}
	return out
}

// at returns an element of a list, and nil where it is shorter.
func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// creates returns the addresses of what a plan makes.
func creates(all []planned) (addresses []string) {
	for _, one := range all {
		if one.Mode == string(tfjson.ManagedResourceMode) && one.Action != "no-op" {
			addresses = append(addresses, one.Address)
		}
	}
	return addresses
}

// changes returns what a plan of something that is open would change, a few words each.
func changes(p *tfjson.Plan) (out []string) {
	for _, c := range p.ResourceChanges {
		if c.Change == nil || ownMark(c) || c.Change.Actions.NoOp() || c.Change.Actions.Read() {
			continue
		}
		out = append(out, showing(fmt.Sprintf("the program would %s %s", action(c.Change.Actions), access.Clip(c.Address, 200))))
	}
	slices.Sort(out)
	return out
}

// scope returns what approvers read.
func (w wanted) scope(all []planned, digest string) access.Scope {
	made := len(creates(all))
	summary := fmt.Sprintf("apply the module %s, which makes %d resources", w.module.name, made)
	if made == 1 {
		summary = fmt.Sprintf("apply the module %s, which makes 1 resource", w.module.name)
	}
	facts := map[string]string{"module": w.module.name + " " + w.module.digest, factPlan: digest}
	if git := w.module.config.Git; git != nil {
		facts["commit"] = git.Commit
	}
	if text := w.text(); text != "" {
		facts["variables"] = showing(text)
		summary += ", with " + facts["variables"]
	}
	if c := w.module.config.Credential; c != nil {
		facts["hands out"] = "the outputs " + strings.Join(c.outputs(), ", ")
	}
	for i, one := range all {
		facts[fmt.Sprintf("plan %02d", i+1)] = one.text()
	}
	return access.Scope{Summary: access.Clip(summary, 1000), Facts: facts, Ends: w.module.ends()}
}

// factPlan is the fact with the plan's digest, to which Grant holds its own plan.
const factPlan = "plan digest"

func (m *module) ends() string {
	if m.config.Ends != "" {
		return "Ramp destroys it; with Ramp gone: " + m.config.Ends
	}
	return "Ramp destroys it; with Ramp gone it stays, since the module sets no end of its own"
}
