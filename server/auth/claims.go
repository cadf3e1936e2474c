package auth

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
)

// person makes a person of verified claims; kind is what they are when no claim
// says. Incomplete claims are CodeUnauthenticated: a partial identity must not be
// usable.
func (c ClaimConfig) person(claims map[string]any, kind access.PersonKind) (access.Person, error) {
	text := func(name string) string {
		s, _ := claims[name].(string)
		return s
	}
	p := access.Person{ID: text(c.ID), Name: plaintext.Strip(text(c.Name)), Email: text(c.Email), Kind: kind,
		OnBehalfOf: text(c.OnBehalfOf)}
	bad := func(format string, args ...any) (access.Person, error) {
		return access.Person{}, &access.Error{Code: access.CodeUnauthenticated,
			Issues: []access.Issue{{Code: "identity_incomplete", Message: fmt.Sprintf(format, args...)}}}
	}
	if p.ID == "" {
		return bad("the token has no text in its %q claim, which identifies people", c.ID)
	}
	if !plaintext.IsLine(p.ID) || !plaintext.IsLine(p.OnBehalfOf) {
		return bad("the id in the token has characters that do not show, or change how others show")
	}
	if !plaintext.IsLine(p.Email) || !access.IsAddress(p.Email) {
		p.Email = ""
	}
	// An address makes two accounts one human, which takes rights away, where the provider
	// says nothing of it; it gives something only where the provider says that it
	// is theirs.
	if verified, there := claims["email_verified"]; there && !isTrue(verified) {
		p.Email = "" // anybody could claim anybody's address
	} else {
		p.EmailVerified = there && p.Email != ""
	}
	var err error
	if p.Groups, err = c.groups(claims); err != nil {
		return access.Person{}, err
	}
	// A claim that is there and unreadable is not an absent one: an agent must
	// not become a human by a provider's mistake.
	if kind, told := claims[c.Kind]; told {
		p.Kind = access.PersonKind(fmt.Sprint(kind))
	}
	switch p.Kind {
	case access.KindHuman, access.KindService:
		p.OnBehalfOf = ""
	case access.KindAgent:
		if p.OnBehalfOf == "" {
			return bad("an agent's token must say in %q for whom it acts", c.OnBehalfOf)
		}
	default:
		return bad("claim %q is %q; it may be human, service or agent", c.Kind, access.Clip(string(p.Kind), 40))
	}
	for _, name := range c.Attributes {
		if v := text(name); v != "" {
			if p.Attributes == nil {
				p.Attributes = map[string]string{}
			}
			p.Attributes[name] = v
		}
	}
	return p, nil
}

// loggedInAt is when the person proved who they are (auth_time), never later
// than the token; the zero time if the provider does not say.
func loggedInAt(claims map[string]any, issued time.Time) time.Time {
	seconds, ok := number(claims["auth_time"])
	if !ok || seconds <= 0 || seconds > math.MaxInt32*100 {
		return time.Time{}
	}
	at := time.Unix(int64(seconds), 0).UTC()
	if !issued.IsZero() && at.After(issued) {
		return issued.UTC()
	}
	return at
}

// isTrue reports whether a claim says true. Providers write booleans as texts and
// as numbers too; what cannot be read is not true.
func isTrue(claim any) bool {
	switch v := claim.(type) {
	case bool:
		return v
	case string:
		return strings.EqualFold(v, "true") || v == "1"
	case float64:
		return v == 1
	}
	return false
}

// number reads a claim that is a number, or a text that is one.
func number(claim any) (float64, bool) {
	switch v := claim.(type) {
	case float64:
		return v, true
	case string:
		n, err := strconv.ParseInt(v, 10, 64)
		return float64(n), err == nil
	}
	return 0, false
}

// groups reads the claim of groups; none when there is none.
func (c ClaimConfig) groups(claims map[string]any) ([]string, error) {
	bad := unauthenticated("identity_incomplete", fmt.Sprintf("claim %q is not a list of names", c.Groups))
	list, ok := claims[c.Groups].([]any)
	if !ok && claims[c.Groups] != nil {
		return nil, bad
	}
	var out []string
	for _, g := range list {
		name, ok := g.(string)
		if !ok {
			return nil, bad
		}
		out = append(out, name)
	}
	return out, nil
}
