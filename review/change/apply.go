package change

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/review"
)

// Apply returns the files of the contracts with a proposal made, and the contracts that
// they hold. Errors are CodeConflict where the contract is another by now than the proposal
// was made for, CodeInvalid where it is written so that it cannot be edited (with the place,
// or with what would be wrong then), and CodeNotFound.
func Apply(files access.ContractFiles, current *contracts.Set, p review.Proposal) (access.ContractFiles, *contracts.Set, error) {
	c, there := current.Find(p.Contract)
	if !there {
		return nil, nil, access.Errorf(access.CodeNotFound, "contract %s is not in force", access.Clip(p.Contract, 80))
	}
	if c.Version != p.Version {
		return nil, nil, access.Errorf(access.CodeConflict, "contract %s has changed since the review: make another one", p.Contract)
	}
	s, err := find(files, p.Contract)
	if err != nil {
		return nil, nil, err
	}
	after := maps.Clone(files)
	if p.Change == review.RemoveWhole {
		if after[s.file] = s.without(); after[s.file] == "" {
			delete(after, s.file)
		}
	} else {
		if err := s.edit(p); err != nil {
			return nil, nil, err
		}
		after[s.file] = strings.Join(s.lines, "")
	}
	set, err := checked(after, current, p.Contract)
	return after, set, err
}

// checked parses what came out. An edit that made contracts invalid, or another one
// different, is none.
func checked(files access.ContractFiles, current *contracts.Set, contract string) (*contracts.Set, error) {
	raw := map[string][]byte{}
	for name, text := range files {
		raw[name] = []byte(text)
	}
	set, err := contracts.Parse(raw)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Concat(set.Names(), current.Names()) {
		before, was := current.Find(name)
		after, is := set.Find(name)
		if same := was && is && before.Version == after.Version; same == (name == contract) && (was || is) {
			return nil, access.Errorf(access.CodeInvalid, "the edit would change other contracts than %s, or nothing: change it by hand", contract)
		}
	}
	return set, nil
}

func (s *source) edit(p review.Proposal) error {
	path := strings.Split(p.Field, ".")
	switch p.Change {
	case review.LowerMaximum:
		return s.lower(p.To)
	case review.RemoveValue:
		seq, ok := s.value(path...).(*ast.SequenceNode)
		if !ok {
			return s.notHere(p.Field)
		}
		return s.remove(seq, p.From)
	case review.RemoveGroup:
		v := s.value("request", "who")
		if v == nil {
			return s.notHere("request.who")
		}
		text, err := withoutGroup(v.GetToken().Value, p.From)
		if err != nil {
			return err
		}
		return s.set(v, text)
	case review.AddApproval:
		return s.approvals(p)
	case review.CapAutomatic:
		f := s.field("approval", "auto")
		if f == nil {
			return s.notHere("approval.auto")
		}
		return s.before(f, "autoUpTo", p.To)
	}
	return access.Errorf(access.CodeInvalid, "there is no way to make a change of kind %s", access.Clip(string(p.Change), 40))
}

// notHere says that a field comes from somewhere else.
func (s *source) notHere(field string) error {
	if base := s.text("base"); base != "" {
		return access.Errorf(access.CodeInvalid, "%s does not write %s: it comes from base %s, which other contracts share; change it by hand", s.file, field, base)
	}
	return access.Errorf(access.CodeInvalid, "%s does not write %s", s.file, field)
}

// lower sets the longest access, and whatever else would be over it.
func (s *source) lower(to string) error {
	most, err := access.ParseDuration("duration.max", to)
	if err != nil {
		return err
	}
	longest := s.value("duration", "max")
	if longest == nil {
		return s.notHere("duration.max")
	}
	over := []ast.Node{longest}
	for _, path := range [][]string{{"duration", "default"}, {"duration", "justifyOver"}, {"approval", "autoUpTo"}} {
		if v := s.value(path...); v != nil {
			if now, err := access.ParseDuration("", v.GetToken().Value); err == nil && now > most {
				over = append(over, v)
			}
		}
	}
	// Of several on one line the last is written first: what stands before it does not move.
	slices.SortFunc(over, func(a, b ast.Node) int {
		return cmp.Compare(b.GetToken().Position.Column, a.GetToken().Position.Column)
	})
	for _, v := range over {
		if err := s.set(v, to); err != nil {
			return err
		}
	}
	return nil
}

// withoutGroup takes one group out of a condition that admits members of several: the
// parts between the ors, of which one says nothing but that.
func withoutGroup(condition, group string) (string, error) {
	var left []string
	parts := ors(condition)
	for _, part := range parts {
		text := strings.TrimSpace(part)
		if text == `"`+group+`" in person.groups` || text == `'`+group+`' in person.groups` {
			continue
		}
		left = append(left, text)
	}
	if len(left) == len(parts) || len(left) == 0 {
		return "", access.Errorf(access.CodeInvalid, "the condition %q does not name the group %s in a part of its own: change it by hand", access.Clip(condition, 200), access.Clip(group, 80))
	}
	return strings.Join(left, " || "), nil
}

// ors splits a condition at the ors that are in no brackets and no text.
func ors(condition string) (out []string) {
	depth, begun := 0, 0
	quote := byte(0)
	for i := 0; i < len(condition); i++ {
		c := condition[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case strings.IndexByte("([{", c) >= 0:
			depth++
		case strings.IndexByte(")]}", c) >= 0:
			depth--
		case depth == 0 && strings.HasPrefix(condition[i:], "||"):
			out = append(out, condition[begun:i])
			i++
			begun = i + 1
		case depth == 0 && c == '?':
			return []string{condition} // a conditional binds less than an or
		}
	}
	return append(out, condition[begun:])
}
