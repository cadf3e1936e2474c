package programtest

import "strings"

// property is one promise that the suite tries, in the words of those who write a program.
type property struct {
	at   string // the tests below this name
	says string
	mend string
}

// properties returns every property, in the order in which they are tried.
func properties() []property {
	return []property{
		{"core/Resolve", "it refuses what its description does not allow", "let fields have the narrowest `allowed` or `pattern`; give two examples in the description that open different things"},
		{"core/BadNames", "no name that Ramp did not make reaches it", "this is Ramp's own check: report it as a fault of Ramp"},
		{"core/Life", "grant opens, inspect and list see it, revoke ends it", "name whatever grant makes after grant.name; find it by that name alone in inspect, list and revoke; list gives expiresAt as it was granted"},
		{"core/GrantTwice", "granting twice makes one thing", "make the object under the grant's name, and succeed when it is there already as it should be"},
		{"core/RevokeTwice", "revoking twice succeeds", "revoke replies done when nothing is left, however that came about"},
		{"core/RevokeOfNothing", "revoking what never was succeeds", "revoke replies done when nothing is left"},
		{"core/RevokeByName", "another process can revoke, by the name alone", "keep nothing in memory that revoke needs; of revoke and inspect the grant has its name alone"},
		{"core/Case33", "what was removed by hand can be revoked", "revoke replies done when nothing is left"},
		{"core/Case23", "nothing opens whose end is past", "this is Ramp's own check: report it as a fault of Ramp"},
		{"expiry", "access ends by itself, with Ramp gone", "set the service's own expiry when access opens; say endsByItself: false if it has none"},
		{"sessions", "live sessions are cut", "count live sessions in inspect and end them in revoke"},
		{"mint", "credentials are separate, end in time, and are refused after revoke", "make a new secret for each call of mint, with expiresAt at the grant's end at the latest; refuse with not_found where nothing is open"},
		{"extend", "extending moves the end without a gap", "move the expiry in place; refuse with not_found where nothing is open, and keep a later end that is there"},
		{"concurrency", "calls at once do not disturb each other", "use what the service does atomically, and write files beside their place and rename them; let revoke win over a grant at the same time"},
		{"overlap", "ending one grant leaves the others", "let no two grants share an object"},
		{"faults/Case24", "a reply that is lost does no harm", "let grant and revoke finish what an earlier try began"},
		{"faults/Case26", "a service that is busy is tried again", "this is Ramp's own check: report it as a fault of Ramp"},
		{"faults/Unavailable", "a service that is away is not taken for one where access ended", "reply an error of code unavailable, and never open: false, where the service cannot be asked"},
		{"faults/NotFoundYet", "a service that sees late is asked again", "say in consistencySeconds how long a read may show an old state"},
		{"drift", "changes by hand are seen and put right", "compare all of what is there with the grant; an earlier end is no difference; restore never opens what is not there"},
		{"foreign", "what is not Ramp's is not touched", "touch nothing but what is named after a grant"},
		{"protocol/AnotherVersion", "a call of another version is refused", "compare `ramp` with 1 before anything else, and reply an error of code invalid"},
		{"protocol/Case135", "a call after its deadline is refused", "compare `deadline` with the clock before anything is changed, and reply an error of code unavailable"},
		{"protocol/UnknownOperation", "an unknown operation is refused", "reply an error of code invalid"},
		{"protocol/NeverOpensAgain", "what was revoked never opens again", "keep a mark of the grant's name when it is revoked, and refuse a grant of that name with conflict"},
		{"protocol/KilledInTheMiddle", "killed in the middle, it finishes at the next call", "write what was done where the next run finds it, or make every step safe to repeat"},
		{"protocol/Signed/Unsigned", "a call that nobody signed is refused", "verify webhook-signature before the body is read, and reply 401"},
		{"protocol/Signed/SignedByAnother", "a call that another signed is refused", "verify webhook-signature with the shared secret, and reply 401"},
		{"protocol/Signed/Case135Altered", "a call that was changed on its way is refused", "verify the signature over the bytes as they came"},
		{"protocol/Signed/Case135Replayed", "a recorded call that is sent again opens nothing", "remember each webhook-id for five minutes and refuse it the second time; refuse a grant that was revoked"},
	}
}

// propertyOf returns the place of the property that a test belongs to, by the test's name
// below the suite's; -1 for a test that is of none alone.
func propertyOf(test string) int {
	for i, p := range properties() {
		if strings.HasPrefix(test, p.at) {
			return i
		}
	}
	return -1
}
