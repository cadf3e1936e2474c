// Package failpoint names the moments at which the crash tests kill a real
// process, and makes a server as one that began requests in an older shape. In an
// ordinary build every point is an empty function, and the shape is the current one.
package failpoint

// The points, in the order in which a request passes them.
const (
	RequestWritten   = "request.written"   // the ledger knows, Temporal does not
	DecisionRecorded = "decision.recorded" // the ledger has the decision, the activity has not returned yet
	OpenIntended     = "open.intended"     // the ledger knows, the target does not
	OpenGranted      = "open.granted"      // the target has it, the activity has not returned yet
	EndRecorded      = "end.recorded"      // the ledger has the order that a condition gave, the workflow has not
	CloseRevoked     = "close.revoked"     // revoked on the target, not read back yet
)
