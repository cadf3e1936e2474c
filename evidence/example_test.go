package evidence_test

import (
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// The server signs a plan and what people decide; a worker believes nothing but
// those signatures.
func ExampleKeyring_Authorize() {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	server := evidence.NewSigner(key)
	at := time.Date(2026, 11, 24, 2, 14, 0, 0, time.UTC)
	plan, digest, err := server.SignPlan(access.Plan{
		RequestID: "6kn7jeatqebpej2t", Requester: access.Person{ID: "alice", Kind: access.KindHuman},
		CreatedAt: at, PendingUntil: at.Add(time.Hour),
		Rule: access.Rule{DenyThreshold: 1, Stages: []access.Stage{{Name: "team lead", From: []string{"leads"}, Approvals: 1}}},
	})
	if err != nil {
		panic(err)
	}
	approval, err := server.SignDecision(access.Decision{RequestID: "6kn7jeatqebpej2t", PlanDigest: digest, Verdict: access.Approve,
		Approver: access.Person{ID: "bob", Kind: access.KindHuman, Groups: []string{"leads"}}, At: at.Add(time.Minute)})
	if err != nil {
		panic(err)
	}

	worker := evidence.NewKeyring(server.Public())
	proof, err := worker.Authorize(plan, []evidence.Envelope{approval})
	fmt.Println(proof.Tally, err)

	_, err = evidence.NewKeyring().Authorize(plan, []evidence.Envelope{approval})
	fmt.Println(err)
	// Output:
	// satisfied <nil>
	// no key is trusted
}

// An auditor verifies a pack with nothing but public keys: no network, no Ramp.
func ExamplePack_Verify() {
	pack, err := evidence.ReadPack(strings.NewReader(`{"version": "ramp evidence pack 1", "requestId": "6kn7jeatqebpej2t"}`))
	if err != nil {
		panic(err)
	}
	servers, workers := evidence.NewKeyring(), evidence.NewKeyring() // in earnest: LoadKeyring("server.pub")
	report := pack.Verify(servers, workers)
	fmt.Println(report.Conclusion, report.Proven())
	// Output: not proven false
}
