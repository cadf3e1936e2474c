package access

// OCSF is what an event is in the Open Cybersecurity Schema Framework, so that a
// SIEM needs no rules of its own for Ramp.
type OCSF struct {
	Class      OCSFClass
	ActivityID int    // within the class; 99 is Other, which Activity then names
	Activity   string // for people
	Failure    bool   // the event tells of something that did not succeed, or should not be
}

// OCSFClass is a class of events of the framework.
type OCSFClass struct {
	UID  int
	Name string
}

// The classes that Ramp's events belong to (schema.ocsf.io, version 1.8.0; a test holds
// them and their activities to what is published there).
var (
	detectionFinding = OCSFClass{2004, "Detection Finding"}
	accountChange    = OCSFClass{3001, "Account Change"}
	authentication   = OCSFClass{3002, "Authentication"}
	entityManagement = OCSFClass{3004, "Entity Management"}
	userAccess       = OCSFClass{3005, "User Access Management"}
	groupManagement  = OCSFClass{3006, "Group Management"}
	apiActivity      = OCSFClass{6003, "API Activity"}
)

// TypeUID is the framework's number of one activity in one class.
func (o OCSF) TypeUID() int { return o.Class.UID*100 + o.ActivityID }
