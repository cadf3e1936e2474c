// Package app holds Ramp's use cases: what people may do, between the surfaces
// (pages and API) and everything else. Config and New show what they need;
// each use case is one file with the small interface of its own needs. What is
// returned is for one person: what somebody may not see does not exist for them.
package app

import (
	"context"
	"time"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/ledger/verified"
	"ramp.dev/ramp/passkey"
)

// Config is what the use cases work with. New hands each of them its own part,
// and nothing that App exports leads back to it: a surface cannot go past the
// use cases to the ledger or to Temporal.
type Config struct {
	Contracts Contracts
	Ledger    Ledger
	Feed      EventFeed // what event streams follow
	Signer    *evidence.Signer
	Trusted   evidence.Keyring // public keys of servers, beside the Signer's own, whose statements are shown
	Altered   func()           // counts requests that the ledger says otherwise than was signed; may be nil
	Workers   evidence.Keyring // public keys of workers; where there are none, credentials are passed on unverified
	Gateway   Gateway
	Log       logrus.FieldLogger
	Directory access.Directory // says what is known of people now; nil: nothing
	Facts     Facts            // says what contracts ask of the world outside; nil: nothing
	// FactSources are the names of those that are configured.
	FactSources []string
	Inventories Inventories  // says what targets have; nil: nothing
	States      TargetStates // says whether targets can be used; nil: nothing
	Codec       *codec.Codec // nil: payloads in Temporal are not encrypted
	Passkeys    Passkeys     // nil: no plan that requires a passkey can be approved here

	// Checkpoints keeps the last signed checkpoint; nil: it is forgotten with the process.
	Checkpoints CheckpointStore
	Witnesses   WitnessConfig // who cosigns them; zero: nobody
	// EnrolPasskey writes a new key into the file of passkeys; nil: people do so
	// after a review.
	EnrolPasskey func(person string, k passkey.Key) error
	Operators    []string                   // groups that see every request and may revoke any
	Auditors     []string                   // groups that read the audit log and every evidence pack; nobody if empty
	Principal    func(access.Person) string // the identity that targets see; nil: the person's id
	External     ExternalConfig             // who acts in other programs; zero: nobody
	Now          func() time.Time           // nil: the real clock
	// ProposalContract is the contract under which people propose contracts, and
	// ProposalTarget its target; nobody can if the first is empty.
	ProposalContract, ProposalTarget string
	// ContractCommits is where proposed contracts come from; nil: people upload files.
	ContractCommits ContractCommits
	// FirstContracts is the directory where the first set came from, if contracts change
	// by proposals since; nil otherwise.
	FirstContracts contracts.Source

	Reviews ReviewConfig // how the weekly review is made, and who sees it
	Drop    DropConfig   // when what people did, wrote and decided is dropped; never if zero

	MaxOpen int // requests that a person may have open at once; 0: 20
}

// Contracts are the contracts in force.
type Contracts interface {
	Current() *contracts.Set
	Status() contracts.Status
	Files() access.ContractFiles
}

// Facts says what contracts ask of the world outside. What it does not return, or
// returns as unknown, is not known.
type Facts interface {
	Ask(ctx context.Context, questions ...access.FactQuestion) []access.Fact
}

// noFacts knows nothing.
type noFacts struct{}

func (noFacts) Ask(context.Context, ...access.FactQuestion) []access.Fact { return nil }

// Ledger is all that the use cases need of the ledger.
type Ledger interface {
	requestLedger
	submissionLedger
	historyLedger
	reviewLedger
	startLedger
	eventAppender
	eventLedger
	auditLedger
	witnessLedger
	evidenceLedger
	accountLedger
	linkLedger
	noticeLedger
	ShownStatements(ctx context.Context, requestIDs ...string) (map[string][][]byte, error)
	endLedger
	grantLedger
	decisionLedger
	extensionLedger
	resendLedger
	confirmationLedger
	notBegunLedger
	conditionLedger
	closingLedger
	workerKeyLedger
	contractSetLedger
	reviewsLedger
	dropLedger
}

// Gateway is all that the use cases need of Temporal.
type Gateway interface {
	scopeResolver
	workflowStarter
	decisionGateway
	endGateway
	extensionGateway
	pickUpGateway
	denialGateway
}

// App is the use cases together. It is safe for concurrent use.
type App struct {
	*catalog
	*requests
	*events
	*submitter
	*starter
	*decider
	*ender
	*extender
	*reviewer
	*reviews
	*pickUps
	*auditor
	*witnessing
	*evidencePacks
	*passkeys
	*decoders
	*accounts
	*externalUsers
	*notices
	*contractStatus
	*targets
	*proposer
	*refusals
	*resender
	*confirmer
	*notBegun
	*endWatch
	*closingWatch
	*workerKeys
	*dropper
}

// New makes the use cases of a configuration, with its defaults filled in.
func New(c Config) *App {
	if c.Principal == nil {
		c.Principal = func(p access.Person) string { return p.ID }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.MaxOpen == 0 {
		c.MaxOpen = 20
	}
	if c.Facts == nil {
		c.Facts = noFacts{}
	}
	if c.Inventories == nil {
		c.Inventories = noInventories{}
	}
	if c.States == nil {
		c.States = noTargetStates{}
	}
	now := func() time.Time { return c.Now().UTC() }
	keyring := c.Trusted.With(c.Signer.Public())
	c.Ledger = signedLedger{c.Ledger, &verified.Requests{Ledger: c.Ledger, Keys: keyring, Log: c.Log, Now: now, Count: c.Altered}}
	roles := roles{operators: c.Operators, auditors: c.Auditors, rota: &rota{facts: c.Facts, now: now}}
	refused := refusals{events: c.Ledger, log: c.Log, now: now, counts: &refusalCounts{recent: map[refusal]*repeated{}}}
	cat := &catalog{contracts: c.Contracts, unlisted: c.ProposalContract, facts: c.Facts, inventories: c.Inventories, states: c.States, roles: roles, now: now}
	reader := &requests{ledger: c.Ledger, roles: roles, refused: refused, catalog: cat, now: now}
	start := &starter{ledger: c.Ledger, gateway: c.Gateway, log: c.Log, now: now}
	log := &auditor{ledger: c.Ledger, signer: c.Signer, keys: c.Trusted.With(c.Signer.Public()), roles: roles, refused: refused, log: c.Log, now: now, store: c.Checkpoints}
	reader.log = log
	witnesses := &witnessing{config: c.Witnesses, log: log, ledger: c.Ledger, keys: c.Trusted.With(c.Signer.Public()), now: now, asked: map[string]asked{}}
	keys := &passkeys{file: c.Passkeys, enrol: c.EnrolPasskey, events: c.Ledger, refused: refused, log: c.Log, now: now}
	ends := &endOrders{ledger: c.Ledger, signer: c.Signer, gateway: c.Gateway, log: c.Log, audit: log}
	extend := &extender{requests: reader, grants: c.Ledger, contracts: c.Contracts, facts: c.Facts, directory: c.Directory, history: c.Ledger, gateway: c.Gateway, signer: c.Signer, ledger: c.Ledger,
		refused: refused, audit: log, log: c.Log, now: now}
	changes := &proposer{contract: c.ProposalContract, target: c.ProposalTarget, commits: c.ContractCommits, directory: c.Directory, catalog: cat, requests: reader, ledger: c.Ledger, refused: refused, now: now}
	return &App{
		refusals: &refused,
		catalog:  cat,
		requests: reader,
		events:   &events{ledger: c.Ledger, feed: c.Feed, requests: c.Ledger, roles: roles},
		submitter: &submitter{ledger: c.Ledger, starter: start, refused: refused, maxOpen: c.MaxOpen,
			planner: &planner{catalog: cat, changes: changes, facts: c.Facts, history: c.Ledger, scopes: c.Gateway, signer: c.Signer, log: c.Ledger, principal: c.Principal, now: now}},
		starter:        start,
		decider:        &decider{requests: reader, ledger: c.Ledger, ends: ends, contracts: c.Contracts, gateway: c.Gateway, signer: c.Signer, passkeys: keys, extender: extend, extensionSigner: c.Signer, directory: c.Directory, refused: refused, now: now},
		ender:          &ender{requests: reader, orders: ends, refused: refused, now: now},
		resender:       &resender{ledger: c.Ledger, ends: ends, denials: c.Gateway, log: c.Log, now: now, sent: map[string]time.Time{}},
		confirmer:      &confirmer{ledger: c.Ledger, signer: c.Signer, keys: evidence.NewKeyring(c.Signer.Public()), log: log, warn: c.Log, now: now},
		notBegun:       &notBegun{ledger: c.Ledger, signer: c.Signer, keys: keyring, log: log, warn: c.Log, now: now, next: map[string]time.Time{}},
		endWatch:       &endWatch{ledger: c.Ledger, orders: ends, facts: c.Facts, conditions: &contracts.EndConditions{}, log: c.Log, now: now},
		closingWatch:   &closingWatch{ledger: c.Ledger, servers: keyring, workers: c.Workers, log: c.Log, now: now},
		workerKeys:     &workerKeys{ledger: c.Ledger, signer: c.Signer, servers: keyring, accepted: c.Workers, log: c.Log, now: now},
		dropper:        &dropper{config: c.Drop, ledger: c.Ledger, signer: c.Signer, audit: log, log: c.Log, now: now},
		extender:       extend,
		reviewer:       &reviewer{requests: reader, directory: c.Directory, ledger: c.Ledger, signer: c.Signer, refused: refused, now: now},
		reviews:        &reviews{config: c.Reviews, ledger: c.Ledger, keys: keyring, contracts: c.Contracts, directory: c.Directory, audit: log, proposed: c.ProposalContract, roles: roles, events: c.Ledger, refused: refused, log: c.Log, now: now},
		pickUps:        &pickUps{requests: reader, gateway: c.Gateway, signer: c.Signer, workers: c.Workers, refused: refused, now: now},
		auditor:        log,
		witnessing:     witnesses,
		evidencePacks:  &evidencePacks{ledger: c.Ledger, requests: reader, log: log, witness: witnesses, signer: c.Signer, servers: keyring, workers: c.Workers, now: now},
		passkeys:       keys,
		proposer:       changes,
		contractStatus: &contractStatus{contracts: c.Contracts, catalog: cat, proposed: c.ProposalContract, commits: c.ContractCommits, first: c.FirstContracts, sources: c.FactSources, workers: c.Workers, roles: roles, refused: refused},
		targets:        &targets{states: c.States, contracts: c.Contracts, roles: roles, refused: refused},
		accounts:       &accounts{ledger: c.Ledger, roles: roles, refused: refused, now: now},
		notices:        &notices{ledger: c.Ledger, channels: noticeChannels(c.External), refused: refused, now: now},
		externalUsers:  &externalUsers{config: c.External, ledger: c.Ledger, directory: c.Directory, refused: refused, now: now},
		decoders:       &decoders{codec: c.Codec, events: c.Ledger, roles: roles, refused: refused, now: now},
	}
}

// clock returns the time in UTC.
type clock func() time.Time
