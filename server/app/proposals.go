package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/ledger"
)

// contractSetLedger keeps sets of contracts that people propose.
type contractSetLedger interface {
	KeepContracts(ctx context.Context, files access.ContractFiles, by access.Person, e access.Event) error
	Contracts(ctx context.Context, digest string) (access.ContractFiles, error)
	ContractAuthors(ctx context.Context, digest string) ([]access.Person, error)
	PeopleIn(ctx context.Context, groups []string) (people map[string][]access.Person, known bool, err error)
	CheckContractUploads(ctx context.Context, digest string, by access.Person, now time.Time) error
	ForgetContracts(ctx context.Context, now time.Time) (int64, error)
}

// proposer takes contracts that people propose, and derives what a request for
// them would change and who decides it.
type proposer struct {
	contract, target string          // under which contract sets are proposed, and its target; empty contract: nowhere
	commits          ContractCommits // nil: people upload files
	// directory says which accounts are a signer's now; nil: nothing is known of them.
	directory access.Directory
	catalog   *catalog
	requests  *requests
	ledger    contractSetLedger
	refused   refusals
	now       clock

	mu   sync.Mutex
	said map[[2]string][]string // by the digests of two sets, how they differ
}

// UploadedContracts is a set of contracts that can be proposed: a request under Contract
// with the params set and replaces proposes it.
type UploadedContracts struct {
	Contract    string   `json:"contract"`
	Set         string   `json:"set"`      // digest of the uploaded files
	Replaces    string   `json:"replaces"` // digest of the files in force
	Contracts   int      `json:"contracts"`
	Differences []string `json:"differences"`       // what would be decided otherwise, in words
	Commit      string   `json:"commit,omitempty"`  // whose files they are, where contracts come from a repository
	Authors     []string `json:"authors,omitempty"` // who signed what differs, and may not approve it
	Warnings    []string `json:"warnings"`          // what may keep it from ever being approved
}

const (
	maxChanged     = 20  // contracts of one proposal that are new, gone or other
	maxOwners      = 10  // who all must approve one proposal
	maxDifferences = 100 // lines of differences that approvers can be expected to read
	maxEdited      = 60  // lines of edited fields, which come first
	maxLine        = 400 // characters of one
)

// UploadContracts keeps a set of contracts so that this person can propose it, and
// returns how it differs from what is in force. What nobody proposes is forgotten after
// ledger.ContractsKept. Errors are CodeNotFound where contracts do not change by
// proposals, CodeForbidden where this person may not propose them, CodeInvalid with
// everything that is wrong in the files, and where contracts come from a repository,
// CodeThrottled for somebody who has uploaded ledger.ContractUploads others, and
// CodeUnavailable.
func (c *proposer) UploadContracts(ctx context.Context, by access.Actor, files access.ContractFiles) (UploadedContracts, error) {
	if err := c.mayPropose(ctx, by); err != nil {
		return UploadedContracts{}, err
	}
	if c.commits != nil {
		return UploadedContracts{}, access.InvalidField("commit_needed", "files", "contracts come from %s here: commit the change there, and propose the commit", c.commits)
	}
	return c.keep(ctx, by, files, []access.Person{by.Person})
}

// UploadCommit keeps the contracts of a repository's newest commit so that this person can
// propose them. The commit is named by its id, or by the first 12 digits of it; "newest" is
// whichever it is. Errors are those of UploadContracts, CodeInvalid also where contracts
// come from no repository, and CodeConflict where another commit is the newest.
func (c *proposer) UploadCommit(ctx context.Context, by access.Actor, id string) (UploadedContracts, error) {
	if err := c.mayPropose(ctx, by); err != nil {
		return UploadedContracts{}, err
	}
	if c.commits == nil {
		return UploadedContracts{}, access.InvalidField("no_repository", "commit", "contracts come from no repository here (server.contractsGit): propose the files")
	}
	newest, err := c.commits.Look(ctx)
	if err != nil {
		return UploadedContracts{}, err
	}
	if id != NewestCommit && (len(id) < minCommit || !strings.HasPrefix(newest.ID, id)) {
		return UploadedContracts{}, access.Refuse(access.CodeConflict, "commit_changed", "the newest commit of %s is %s: that one can be proposed, and no other", c.commits, newest.ID)
	}
	authors, err := c.withSigners(ctx, []access.Person{by.Person}, newest.Authors)
	if err != nil {
		return UploadedContracts{}, err
	}
	out, err := c.keep(ctx, by, contracts.FilesOf(newest.Files), authors)
	out.Commit, out.Authors = newest.ID, newest.Authors
	return out, err
}

// mayPropose returns why an actor may not propose contracts.
func (c *proposer) mayPropose(ctx context.Context, by access.Actor) error {
	if c.contract == "" {
		return access.Refuse(access.CodeNotFound, "no_proposals", "contracts do not change by proposals here (server.proposals)")
	}
	if _, err := c.catalog.Offer(ctx, by.Person, c.contract); err != nil {
		return c.refused.record(ctx, by, "", access.ActPropose,
			access.Refuse(access.CodeForbidden, "not_eligible", "contract %s, under which contracts are proposed, is not for you", c.contract))
	}
	return nil
}

// keep keeps a set that somebody may propose. authors are those who are known to have
// written it, and can approve nothing of it.
func (c *proposer) keep(ctx context.Context, by access.Actor, files access.ContractFiles, authors []access.Person) (UploadedContracts, error) {
	proposed, err := c.parse(files)
	if err != nil {
		return UploadedContracts{}, err
	}
	if err := c.ledger.CheckContractUploads(ctx, files.Digest(), by.Person, c.now()); err != nil {
		return UploadedContracts{}, c.refused.record(ctx, by, "", access.ActPropose, err)
	}
	out := UploadedContracts{Contract: c.contract, Set: files.Digest(), Replaces: c.inForce(), Contracts: len(proposed.Contracts)}
	if out.Warnings, err = c.ownerWarnings(ctx, proposed, authors); err != nil {
		return UploadedContracts{}, err
	}
	if out.Differences, err = c.differences(proposed, out.Set, out.Replaces); err != nil {
		return UploadedContracts{}, err
	}
	e := by.Event(access.EventContractsKept, c.now())
	e.Detail["set"] = out.Set
	return out, c.ledger.KeepContracts(ctx, files, by.Person, e)
}

// forgetUploadsEvery is how often it is looked which sets nobody has proposed in time.
const forgetUploadsEvery = time.Hour

// ForgetUploads deletes sets that nobody has proposed in time, until ctx ends.
func (c *proposer) ForgetUploads(ctx context.Context) {
	if c.contract == "" {
		return
	}
	repeat(ctx, forgetUploadsEvery, func() {
		// What is kept for longer does no harm; the next look forgets it.
		_, _ = c.ledger.ForgetContracts(ctx, c.now())
	})
}

// ProposedContracts returns the files that a request proposes, to those who may see the
// request. Errors are also CodeNotFound for a request that proposes none.
func (c *proposer) ProposedContracts(ctx context.Context, p access.Person, id string) (access.ContractFiles, error) {
	r, err := c.requests.Request(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if r.Plan.Change == nil {
		return nil, access.Refuse(access.CodeNotFound, "no_contracts", "request %s proposes no contracts", r.ID)
	}
	return c.ledger.Contracts(ctx, r.Plan.Change.Set)
}

// ReplacedContracts returns the files in whose place those that a request proposes would
// come, or came, to those who may see the request. Errors are as of ProposedContracts.
func (c *proposer) ReplacedContracts(ctx context.Context, p access.Person, id string) (access.ContractFiles, error) {
	r, err := c.requests.Request(ctx, p, id)
	if err != nil {
		return nil, err
	}
	if r.Plan.Change == nil {
		return nil, access.Refuse(access.CodeNotFound, "no_contracts", "request %s proposes no contracts", r.ID)
	}
	return c.ledger.Contracts(ctx, r.Plan.Change.Replaces)
}

// ContractDifference returns the difference of the files that a request proposes to those
// that they replace, line by line, in the layout of `diff -u`. Errors are as of
// ProposedContracts.
func (c *proposer) ContractDifference(ctx context.Context, p access.Person, id string) ([]string, error) {
	proposed, err := c.ProposedContracts(ctx, p, id)
	if err != nil {
		return nil, err
	}
	replaced, err := c.ReplacedContracts(ctx, p, id)
	if err != nil {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(contracts.TextDiff(replaced, proposed), "\n"), "\n"), nil
}

// inForce returns the digest of the files in force.
func (c *proposer) inForce() string { return c.catalog.contracts.Status().Revision.Set }

// parse reads a set as a server would that takes it into force.
func (c *proposer) parse(files access.ContractFiles) (*contracts.Set, error) {
	var issues access.Issues
	raw, size := map[string][]byte{}, 0
	for name, text := range files {
		size += len(name) + len(text)
		raw[name] = []byte(text)
		issues.Require(contracts.IsContractFile(name) && name == access.Clip(name, 100), "file_name", access.Clip(name, 60), "a file of contracts is named like orders.yaml; tests stay where they are written")
		issues.Require(utf8.ValidString(text), "encoding", access.Clip(name, 60), "the file is not UTF-8")
	}
	issues.Require(size <= ledger.MaxContracts, "set_too_large", "files", "a set of contracts may have 1 MiB")
	if err := issues.Err(); err != nil {
		return nil, err
	}
	set, err := contracts.Parse(raw)
	if err != nil {
		return nil, err
	}
	found, ok := set.Find(c.contract)
	if !ok || len(found.Targets) != 1 || found.Targets[0] != c.target {
		return nil, access.InvalidField("no_way_back", "files", "the set needs the contract %s with one grant, on target %s: under it contracts are proposed, and without it nobody could propose others", c.contract, c.target)
	}
	return set, nil
}

// changed returns the contracts that are not the same in two sets, by name, as they were
// and as they would be; nil for one that is new or gone.
func changed(before, after *contracts.Set) (names []string, was, is map[string]*contracts.Contract) {
	was, is = map[string]*contracts.Contract{}, map[string]*contracts.Contract{}
	for _, c := range before.Contracts {
		was[c.Name] = c
	}
	for _, c := range after.Contracts {
		is[c.Name] = c
		if old := was[c.Name]; old == nil || old.Version != c.Version {
			names = append(names, c.Name)
		}
	}
	for name := range was {
		if is[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, was, is
}

// differences returns in words what would be decided otherwise. It evaluates both sets under
// thousands of requests, so that what it found is remembered.
func (c *proposer) differences(proposed *contracts.Set, set, replaces string) ([]string, error) {
	current := c.catalog.contracts.Current()
	names, _, _ := changed(current, proposed)
	switch {
	case set == replaces:
		return nil, access.InvalidField("nothing_changes", "files", "these contracts are in force")
	case len(names) > maxChanged:
		return nil, access.InvalidField("too_much", "files", "%d contracts would be new, gone or other, and one proposal may change %d: propose it in parts that people can judge", len(names), maxChanged)
	}
	c.mu.Lock()
	defer c.mu.Unlock() // one at a time: it takes seconds of a processor
	key := [2]string{replaces, set}
	if known, ok := c.said[key]; ok {
		return known, nil
	}
	out, told := []string{}, map[string]bool{}
	for _, d := range proposed.Diff(current) {
		told[d.Contract] = true
		out = append(out, d.String())
	}
	for _, name := range names {
		if !told[name] {
			out = append(out, name+": written otherwise; none of the requests that were tried is decided otherwise")
		}
	}
	if len(names) == 0 {
		out = append(out, "comments, layout or names of files alone")
	}
	if len(out) > maxDifferences {
		return nil, access.InvalidField("too_much", "files", "requests would be decided otherwise in %d ways, and one proposal may have %d: propose it in parts that people can judge", len(out), maxDifferences)
	}
	edited := proposed.FieldChanges(current)
	if more := len(edited) - maxEdited; more > 0 {
		edited = append(edited[:maxEdited], fmt.Sprintf("%d more fields are written otherwise; the difference of the files shows them", more))
	}
	out = append(edited, out...)
	for i := range out {
		out[i] = access.Clip(out[i], maxLine)
	}
	if len(c.said) >= 16 {
		c.said = nil
	}
	if c.said == nil {
		c.said = map[[2]string][]string{}
	}
	c.said[key] = out
	return out, nil
}

// plan adds to the plan of a request what it would change in the contracts in force, and
// has the owners of every contract that it touches decide it, as they are before and
// after. Errors are CodeInvalid, CodeForbidden for a set that somebody else uploaded, and
// CodeConflict for one that replaces contracts which are no longer in force.
func (c *proposer) plan(ctx context.Context, draft *access.Plan, by access.Person) error {
	onTarget := slices.ContainsFunc(draft.Grants, func(g access.PlannedGrant) bool { return g.Target == c.target })
	switch {
	case c.contract == "" || !onTarget && draft.Contract != c.contract:
		return nil
	case draft.Contract != c.contract:
		return access.InvalidField("not_by_this_contract", "contract", "contracts are proposed under contract %s alone", c.contract)
	case !onTarget || len(draft.Grants) != 1:
		return access.InvalidField("not_by_this_contract", "contract", "contract %s must have one grant, on target %s", c.contract, c.target)
	case draft.BreakGlass != nil || draft.Rule.Auto || len(draft.Rule.Stages) == 0:
		return access.InvalidField("nobody_decides", "contract", "contracts never change without people who approve it: contract %s must have stages, and neither auto nor breakGlass for this request", c.contract)
	}
	set, _ := draft.Grants[0].Entitlement["set"].(string)
	replaces, _ := draft.Grants[0].Entitlement["replaces"].(string)
	if err := access.CheckReplaces(replaces, c.inForce()); err != nil {
		return err
	}
	files, err := c.ledger.Contracts(ctx, set)
	if err != nil {
		return err
	}
	proposed, err := c.parse(files)
	if err != nil {
		return err
	}
	authors, err := c.ledger.ContractAuthors(ctx, set)
	if err != nil {
		return err
	}
	// Whoever had another propose what they wrote could approve it.
	if !slices.ContainsFunc(authors, func(a access.Person) bool { return a.ID == by.ID }) {
		return access.Refuse(access.CodeForbidden, "not_uploaded", "you have not uploaded these contracts; who wrote them proposes them")
	}
	commit := ""
	if c.commits != nil {
		newest, err := c.commits.Of(ctx, set)
		if err != nil {
			return err
		}
		if authors, err = c.withSigners(ctx, authors, newest.Authors); err != nil {
			return err
		}
		commit = newest.ID
	}
	differences, err := c.differences(proposed, set, replaces)
	if err != nil {
		return err
	}
	draft.Change = &access.ContractChange{Replaces: replaces, Set: set, Commit: commit, Differences: differences}
	// Whoever an escalation adds could stand in for every owner.
	draft.Extend, draft.Rule.SelfApproval, draft.Rule.Authors, draft.Rule.Escalate = nil, false, nil, nil
	draft.Rule.Authors = authors
	return c.addOwners(&draft.Rule, proposed)
}

// addOwners adds a stage for each owner of a contract or base that changes. What no owner
// had before, the stages of the contract for proposals alone decide, beside its new owner.
func (c *proposer) addOwners(rule *access.Rule, proposed *contracts.Set) error {
	owners := ownersOfChanges(c.catalog.contracts.Current(), proposed)
	if len(owners) > maxOwners {
		return access.InvalidField("too_much", "files", "%d owners would have to approve, and one proposal may need %d: propose it in parts", len(owners), maxOwners)
	}
	slices.Sort(owners)
	for _, owner := range owners {
		same := slices.ContainsFunc(rule.Stages, func(s access.Stage) bool {
			return len(s.AnyOf) == 0 && slices.Equal(s.From, []string{owner}) && len(s.People)+len(s.OnCall) == 0 && s.Level == 0
		})
		if !same {
			rule.Stages = append(rule.Stages, access.Stage{Name: fmt.Sprintf("owner %s", owner), From: []string{owner}, Approvals: 1})
		}
	}
	return nil
}
