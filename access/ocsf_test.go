package access_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// ocsf is the framework's own table, version 1.8.0, as published in
// github.com/ocsf/ocsf-schema at 3dcb905d26523ce4d5d0ba3c28c8507e2c859407: class and
// activities of the files named, and the category's number before the class's. In
// every class 0 is Unknown and 99 is Other, which the event then names.
var ocsf = map[int]struct {
	file, name string
	activities map[int]string
}{
	2004: {"events/findings/detection_finding.json, which extends finding.json", "Detection Finding", map[int]string{1: "Create", 2: "Update", 3: "Close"}},
	3001: {"events/iam/account_change.json", "Account Change", map[int]string{1: "Create", 2: "Enable", 3: "Password Change", 4: "Password Reset",
		5: "Disable", 6: "Delete", 7: "Attach Policy", 8: "Detach Policy", 9: "Lock", 10: "MFA Factor Enable", 11: "MFA Factor Disable", 12: "Unlock"}},
	3002: {"events/iam/authentication.json", "Authentication", map[int]string{1: "Logon", 2: "Logoff", 3: "Authentication Ticket",
		4: "Service Ticket Request", 5: "Service Ticket Renew", 6: "Preauth", 7: "Account Switch"}},
	3004: {"events/iam/entity_management.json", "Entity Management", map[int]string{1: "Create", 2: "Read", 3: "Update", 4: "Delete", 5: "Move",
		6: "Enroll", 7: "Unenroll", 8: "Enable", 9: "Disable", 10: "Activate", 11: "Deactivate", 12: "Suspend", 13: "Resume"}},
	3005: {"events/iam/user_access.json", "User Access Management", map[int]string{1: "Assign Privileges", 2: "Revoke Privileges"}},
	3006: {"events/iam/group_management.json", "Group Management", map[int]string{1: "Assign Privileges", 2: "Revoke Privileges", 3: "Add User",
		4: "Remove User", 5: "Delete", 6: "Create", 7: "Add Subgroup", 8: "Remove Subgroup"}},
	6003: {"events/application/api_activity.json", "API Activity", map[int]string{1: "Create", 2: "Read", 3: "Update", 4: "Delete"}},
}

// TestOCSFNumbersAreThePublishedOnes: a SIEM files an event by its numbers, and shows
// the names that the framework gives them.
func TestOCSFNumbersAreThePublishedOnes(t *testing.T) {
	kinds := append(access.EventKinds(), "moon.landed")
	for _, kind := range kinds {
		is := kind.Spec().OCSF
		class, ok := ocsf[is.Class.UID]
		require.True(t, ok, "%s: class %d", kind, is.Class.UID)
		require.Equal(t, class.name, is.Class.Name, "%s: %s", kind, class.file)
		if name, standard := class.activities[is.ActivityID]; standard {
			require.Equal(t, name, is.Activity, "%s: %s", kind, class.file)
			continue
		}
		require.Equal(t, 99, is.ActivityID, "%s: %s has no activity %d", kind, class.file, is.ActivityID)
		for _, name := range class.activities {
			require.NotEqual(t, name, is.Activity, "%s: %s has a number for this activity", kind, class.file)
		}
	}
}
