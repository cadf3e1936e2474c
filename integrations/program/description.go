package program

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/internal/strictjson"
)

// Description is what a program says of itself. The worker goes by the copy in its
// configuration, which somebody has read: what contracts may give through the program, and
// what approvers read of it, stands there.
type Description struct {
	Ramp int    `json:"ramp"` // the version of the protocol
	Name string `json:"name"` // of what it opens, for people: the billing system
	// Operations are those beside the ones that every program has: resolve, extend, mint,
	// drift (with restore) and inventory.
	Operations []Operation `json:"operations,omitempty"`
	Fields     []Field     `json:"fields"` // what contracts write under entitlement
	// Summary is what approvers read, with {FIELD} for what an entitlement has there.
	Summary string `json:"summary"`
	Ends    string `json:"ends"` // how access ends when Ramp is gone; shown to approvers
	// EndsByItself says that the service ends access at its end with Ramp gone.
	EndsByItself bool `json:"endsByItself"`
	// ConsistencySeconds is how long after a change a read may show the old state.
	ConsistencySeconds int `json:"consistencySeconds,omitempty"`
	// EndingSeconds is how long ending may take before it counts as overdue; 60 if it is 0.
	EndingSeconds int    `json:"endingSeconds,omitempty"`
	Credential    string `json:"credential,omitempty"` // of mint: the kind of what it hands out
	// Lists are the names of its lists, of inventory.
	Lists []string `json:"lists,omitempty"`
	// Examples are entitlements, each of something else, with which `ramp target test` tries
	// the program. They open something on its service: use what is there for that.
	Examples []access.Entitlement `json:"examples,omitempty"`
}

// Field is one field of an entitlement. It is bounded by the values that are allowed or by
// a pattern.
type Field struct {
	Name     string   `json:"name"`
	Label    string   `json:"label,omitempty"` // what approvers read; the name if empty
	List     bool     `json:"list,omitempty"`  // several texts; one if false
	Required bool     `json:"required,omitempty"`
	Allowed  []string `json:"allowed,omitempty"`
	Pattern  string   `json:"pattern,omitempty"` // RE2, of the whole text
}

const (
	maxFields  = 20
	maxLine    = 500 // characters of the summary, and of how access ends
	maxValue   = 256 // characters of one text of an entitlement
	maxTexts   = 100 // of one field that is a list
	maxSeconds = 3600
)

var fieldName = regexp.MustCompile(`^[a-z][A-Za-z0-9_]{0,39}$`)

// ReadDescription reads a description from a file. Errors are of code unavailable (it cannot
// be read) and invalid, with every issue.
func ReadDescription(path string) (Description, error) {
	b, err := os.ReadFile(path) // #nosec G304 -- the operator names it
	if err != nil {
		return Description{}, access.Errorf(access.CodeUnavailable, "description: %w", err)
	}
	var d Description
	if err := strictjson.Unmarshal(b, &d); err != nil {
		return Description{}, access.InvalidField("description_malformed", "description", "%s: %s", path, err)
	}
	return d, d.Validate().Err()
}

// Validate returns everything that is wrong with a description.
func (d Description) Validate() (issues access.Issues) {
	issues.Require(d.Ramp == Version, "description_version", "ramp", "this Ramp speaks version %d of the protocol, and the description is of version %d", Version, d.Ramp)
	line(&issues, "name", d.Name, 1, 80)
	line(&issues, "summary", d.Summary, 1, maxLine)
	line(&issues, "ends", d.Ends, 1, maxLine)
	optional := []Operation{OpResolve, OpExtend, OpMint, OpDrift, OpInventory}
	for i, op := range d.Operations {
		issues.Require(slices.Contains(optional, op) && slices.Index(d.Operations, op) == i, "description_operation", "operations",
			"%q is no operation to name here, or is there twice; they are %s", access.Clip(string(op), 40), list(optional))
	}
	issues.Require(len(d.Fields) > 0 && len(d.Fields) <= maxFields, "description_fields", "fields", "an entitlement has 1 to %d fields", maxFields)
	issues.Require(slices.ContainsFunc(d.Fields, func(f Field) bool { return f.Required }), "description_fields", "fields", "one field at the least is required: an entitlement to nothing says nothing")
	seen := map[string]bool{}
	for i, f := range d.Fields {
		f.validate(&issues, fmt.Sprintf("fields[%d]", i))
		issues.Require(!seen[f.Name] && !seen[f.shown()], "description_fields", fmt.Sprintf("fields[%d]", i), "two fields have one name or label")
		seen[f.Name], seen[f.shown()] = true, true
	}
	issues.Require(d.ConsistencySeconds >= 0 && d.ConsistencySeconds <= maxSeconds, "description_seconds", "consistencySeconds", "it is 0 to %d", maxSeconds)
	issues.Require(d.EndingSeconds >= 0 && d.EndingSeconds <= maxSeconds, "description_seconds", "endingSeconds", "it is 0 to %d", maxSeconds)
	_, known := access.CredentialKinds()[d.Credential]
	issues.Require(d.Has(OpMint) == (d.Credential != "") && (known || d.Credential == ""), "description_credential", "credential",
		"a program that mints says of which kind: %s; another says nothing", kinds())
	issues.Require(d.Has(OpInventory) == (len(d.Lists) > 0), "description_lists", "lists", "a program with inventory names its lists; another has none")
	for _, name := range d.Lists {
		issues.Require(access.ValidList(name), "description_lists", "lists", "%q is no name of a list: lowercase letters, digits and dashes, a letter first, 40 at the most", access.Clip(name, 40))
	}
	if len(issues) > 0 {
		return issues // the examples are read by the fields
	}
	for i, e := range d.Examples {
		_, wrong := d.resolve(e)
		for _, is := range wrong {
			issues.Add(is.Code, fmt.Sprintf("examples[%d].%s", i, is.Field), "%s", is.Message)
		}
	}
	return issues
}

func (f Field) validate(issues *access.Issues, at string) {
	issues.Require(fieldName.MatchString(f.Name), "description_fields", at+".name", "a field's name is letters, digits and underscores, a small letter first, 40 at the most")
	line(issues, at+".label", f.Label, 0, 60)
	issues.Require((len(f.Allowed) > 0) != (f.Pattern != ""), "description_fields", at, "a field is bounded: by allowed, the texts that it may have, or by pattern")
	for _, text := range f.Allowed {
		line(issues, at+".allowed", text, 1, maxValue)
	}
	if _, err := f.pattern(); err != nil {
		issues.Add("description_fields", at+".pattern", "this is no regular expression of RE2: %s", err)
	}
}

// shown is what approvers read as the field's name.
func (f Field) shown() string {
	if f.Label != "" {
		return f.Label
	}
	return f.Name
}

// pattern returns the pattern of the whole text.
func (f Field) pattern() (*regexp.Regexp, error) { return regexp.Compile(`\A(?:` + f.Pattern + `)\z`) }

// line refuses text that is not one line of characters that show.
func line(issues *access.Issues, at, text string, least, most int) {
	n := utf8.RuneCountInString(text)
	issues.Require(n >= least && n <= most, "description_text", at, "it has %d characters; %d to %d are allowed", n, least, most)
	issues.Require(plaintext.IsLine(text) && strings.TrimSpace(text) == text, "description_text", at, "it is one line of characters that show, without blanks at an end")
}

// Has reports whether the program has an operation that not all have.
func (d Description) Has(op Operation) bool { return slices.Contains(d.Operations, op) }

// Same reports whether two descriptions say the same.
func (d Description) Same(other Description) bool {
	a, errA := json.Marshal(d)
	b, errB := json.Marshal(other)
	return errA == nil && errB == nil && string(a) == string(b)
}

// ending is how long ending may take.
func (d Description) ending() time.Duration {
	if d.EndingSeconds == 0 {
		return time.Minute
	}
	return time.Duration(d.EndingSeconds) * time.Second
}

func kinds() string {
	var all []string
	for kind := range access.CredentialKinds() {
		all = append(all, kind)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func list(ops []Operation) string {
	all := make([]string, len(ops))
	for i, op := range ops {
		all[i] = string(op)
	}
	return strings.Join(all, ", ")
}
