package review

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"ramp.dev/ramp/internal/plaintext"
)

// reasons finds reasons that are copies: the same words by one person for one access after
// another. Case, punctuation and spaces make no difference. Requests for different tickets
// are not compared: there the ticket is the reason.
type reasons struct {
	by map[reasonOf]*copies
}

type reasonOf struct{ person, ticket, words string }

type copies struct {
	n         int
	text      string
	contracts map[string]bool
	shown     trail
}

func newReasons() *reasons { return &reasons{by: map[reasonOf]*copies{}} }

// add counts requests that were approved: who asks again for what came to nothing writes
// the same with good reason.
func (s *reasons) add(r Request, during bool) {
	words := normalized(r.Reason)
	if !during || words == "" || r.Given == 0 {
		return
	}
	key := reasonOf{r.Requester.ID, r.Ticket, words}
	c := s.by[key]
	if c == nil {
		c = &copies{text: r.Reason, contracts: map[string]bool{}}
		s.by[key] = c
	}
	c.n++
	c.contracts[r.Contract] = true
	c.shown.add(r.ID, r.Events.Asked)
}

// normalized returns the words of a text in lower case.
func normalized(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }), " ")
}

// findings name no reason: it is free text, which leaves Ramp with no report. The events
// have it.
func (s *reasons) findings(m *Maker) (out []Finding) {
	keys := slices.SortedFunc(maps.Keys(s.by), func(a, b reasonOf) int {
		return strings.Compare(a.person+"\x00"+a.words+"\x00"+a.ticket, b.person+"\x00"+b.words+"\x00"+b.ticket)
	})
	for _, key := range keys {
		c := s.by[key]
		if c.n < m.limits.CopiedLeast {
			continue
		}
		out = append(out, m.finding(CopiedReason, key.person+" "+digest(key.words+"\x00"+key.ticket), only(c.contracts), []string{key.person}, float64(c.n)/float64(m.limits.CopiedLeast), &c.shown,
			"%s gave the same reason for %s: it says of none what it was for.", key.person, plaintext.Count(c.n, "request")))
	}
	return out
}
