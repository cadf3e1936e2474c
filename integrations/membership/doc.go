// Package membership opens and closes memberships: of a person, in a team, a group or a
// repository, in one role. A person has one membership of a place, so grants share it: the
// ledger counts who holds it, and the last to end removes it. What a service of such
// memberships is called and how it is asked, its own package knows.
package membership
