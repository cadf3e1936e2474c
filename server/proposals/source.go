package proposals

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger"
)

// Ledger keeps which contracts are in force.
type Ledger interface {
	ContractsInForce(ctx context.Context, line ledger.ContractLine) ([]byte, error)
	Contracts(ctx context.Context, digest string) (access.ContractFiles, error)
	TakeSource(ctx context.Context, line ledger.ContractLine, r access.ContractsInForce, files access.ContractFiles, sign ledger.ContractSigner, e access.Event) error
	PlanEnvelope(ctx context.Context, id string) ([]byte, error)
	Statements(ctx context.Context, requestID string) ([][]byte, error)
	LoggedContracts(ctx context.Context, line ledger.ContractLine, number int64, request string) (ledger.LoggedContracts, error)
	AppendEvent(ctx context.Context, e access.Event) error
}

// Source is the contracts that the ledger says are in force. One goroutine reads it.
type Source struct {
	config  Config
	first   contracts.Source // where the first set comes from
	ledger  Ledger
	signer  *evidence.Signer
	servers evidence.Keyring // who signs plans, and the first set
	workers evidence.Keyring // who signs every later one

	last   access.ContractsInForce
	record string // last, as it was signed
	held   contracts.Snapshot
	raised map[string]bool // the alarms of this process
}

// New returns the source. Errors are CodeInvalid if no worker's key is known here.
func New(c Config, first contracts.Source, l Ledger, signer *evidence.Signer, trusted, workers evidence.Keyring) (*Source, error) {
	if workers.Empty() {
		return nil, access.Errorf(access.CodeInvalid, "server.proposals: keys.workers is needed: what contracts are in force is signed by the worker that opened the request")
	}
	return &Source{config: c, first: first, ledger: l, signer: signer, servers: trusted.With(signer.Public()).PasskeysAsSigned(), workers: workers.ForTarget(c.TargetName()), raised: map[string]bool{}}, nil
}

// String names the source, as people know it.
func (s *Source) String() string { return "proposals under " + s.config.Contract }

// Every is a second, as for a directory: servers differ for no longer than that.
func (s *Source) Every() time.Duration { return time.Second }

// Patience is half a minute.
func (s *Source) Patience() time.Duration { return 30 * time.Second }

// readWithin bounds one look at the ledger.
const readWithin = 10 * time.Second

// Read returns the newest set that is proven to be in force. What was in force before
// stays where the ledger is out of reach, or says what nobody signed.
func (s *Source) Read(ctx context.Context) (contracts.Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, readWithin)
	defer cancel()
	record, err := s.ledger.ContractsInForce(ctx, ledger.LineProposals)
	if access.CodeOf(err) == access.CodeNotFound && s.record == "" {
		if err = s.begin(ctx); err == nil {
			record, err = s.ledger.ContractsInForce(ctx, ledger.LineProposals)
		}
	}
	if err == nil && string(record) != s.record {
		err = s.take(ctx, record)
	}
	if s.record == "" {
		return contracts.Snapshot{}, err
	}
	out := s.held
	out.Refused = err
	return out, nil
}

// begin records the set of the directory as the first of the line, if it is valid and
// people can propose another under it.
func (s *Source) begin(ctx context.Context) error {
	snapshot, err := s.first.Read(ctx)
	if err != nil {
		return err
	}
	set, err := contracts.Parse(snapshot.Files)
	if err != nil {
		return err
	}
	if err := CheckSet(set, s.config); err != nil {
		return err
	}
	files := contracts.FilesOf(snapshot.Files)
	r := access.ContractsInForce{Set: files.Digest(), Source: s.first.String(), Commit: snapshot.Revision.Commit, At: time.Now().UTC().Truncate(time.Microsecond)}
	return s.ledger.TakeSource(ctx, ledger.LineProposals, r, files, s.signer.SignContracts, access.Event{At: r.At, Kind: access.EventContractsInForce, Actor: access.ActorRamp,
		Message: fmt.Sprintf("contracts %s are in force, the first that change by proposals", access.ShortDigest(r.Set)),
		Detail:  map[string]string{"set": r.Set, "source": r.Source}})
}

// CheckSet returns nil if contracts can be proposed under a set. Errors are CodeInvalid.
func CheckSet(set *contracts.Set, c Config) error {
	found, ok := set.Find(c.Contract)
	switch {
	case !ok:
		return access.InvalidField("no_way_back", "contract", "the set holds no contract %s (server.proposals.contract): under it, nobody could propose another set", c.Contract)
	case len(found.Targets) != 1 || found.Targets[0] != c.TargetName():
		return access.InvalidField("no_way_back", "contract", "contract %s must have one grant, on target %s (server.proposals.target), and nothing else", c.Contract, c.TargetName())
	}
	return nil
}

// take goes by a record, if it is signed, follows the one before, and its set is there.
func (s *Source) take(ctx context.Context, record []byte) error {
	r, plan, err := s.verify(ctx, record)
	if access.CodeOf(err) == access.CodeEvidence {
		s.raise(ctx, plan.RequestID, err.Error())
	}
	if err != nil {
		return err
	}
	switch {
	case s.record != "" && r.Number < s.last.Number:
		return access.Errorf(access.CodeEvidence, "the ledger says that contracts are in force which were replaced (number %d after %d)", r.Number, s.last.Number)
	case s.record != "" && r.Number == s.last.Number && r.Set != s.last.Set:
		return access.Errorf(access.CodeEvidence, "the ledger says of one moment (number %d) that two sets of contracts came into force", r.Number)
	case s.record != "" && r.Number == s.last.Number+1 && r.Replaces != s.last.Set:
		return access.Errorf(access.CodeEvidence, "the ledger says that contracts %s replaced others than were in force", access.ShortDigest(r.Set))
	}
	files, err := s.ledger.Contracts(ctx, r.Set)
	if err != nil {
		return err
	}
	snapshot := contracts.Snapshot{Files: map[string][]byte{}, Revision: contracts.Revision{Set: r.Set, Number: r.Number, Request: r.RequestID, At: r.At}}
	if plan.RequestID == "" {
		snapshot.Revision.Unchecked, snapshot.Revision.Commit = true, r.Commit
	} else {
		snapshot.Revision.Commit = plan.Change.Commit
	}
	for name, text := range files {
		snapshot.Files[name] = []byte(text)
	}
	set, err := contracts.Parse(snapshot.Files)
	if err == nil {
		err = CheckSet(set, s.config)
	}
	if err != nil {
		return err // an older server does not know what a newer one has proposed
	}
	s.last, s.record, s.held = r, string(record), snapshot
	return nil
}
