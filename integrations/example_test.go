package integrations_test

import (
	"context"
	"fmt"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/faketarget"
)

// A grant from its opening to the proof that it has ended.
func ExampleBroker() {
	ctx := context.Background()
	broker := integrations.NewBroker(map[string]integrations.Target{
		"fake/one": faketarget.New(faketarget.Config{Now: time.Now}),
	}, nil)

	// What people approve.
	entitlement := access.Entitlement{"what": "read the orders"}
	scope, _ := broker.Resolve(ctx, "fake/one", entitlement)
	fmt.Println(scope.Summary)

	g := access.Grant{Name: access.GrantName("0123456789abcdef", 0), RequestID: "0123456789abcdef", Target: "fake/one",
		Principal: "alice", Entitlement: entitlement, ExpiresAt: time.Now().Add(time.Hour)}
	fmt.Println(broker.Grant(ctx, g))
	found, _ := broker.Inspect(ctx, g)
	fmt.Println("open:", found.Open)

	fmt.Println(broker.Revoke(ctx, g))
	found, _ = broker.Inspect(ctx, g)
	fmt.Println("gone:", found.Gone())
	// Output:
	// read the orders
	// <nil>
	// open: true
	// <nil>
	// gone: true
}

// What is wrong with an entitlement is found all at once, each with its place.
func ExampleDecodeEntitlement() {
	var login struct {
		User    string   `entitlement:"user,required"`
		Command string   `entitlement:"command"`
		Groups  []string `entitlement:"groups"`
	}
	issues := integrations.DecodeEntitlement(access.Entitlement{"usr": "deploy", "groups": []any{"a", 7}}, &login)
	for _, i := range issues {
		fmt.Printf("%s %s\n", i.Code, i)
	}
	// Output:
	// user_missing user: is needed
	// entitlement_type groups[1]: must be text
	// entitlement_unknown usr: unknown; did you mean user?
}

// Guard is what stands between callers and a target.
func ExampleGuard() {
	target := integrations.Guard(faketarget.New(faketarget.Config{Now: time.Now}))
	err := target.Revoke(context.Background(), access.Grant{Name: "somebody's own"})
	fmt.Println(access.CodeOf(err))
	// Output: invalid
}
