package envelope

import (
	"cmp"
	"net/netip"
	"strconv"
	"strings"

	"ramp.dev/ramp/access"
)

// ocsfVersion is the version of the framework whose names and numbers these are.
const ocsfVersion = "1.8.0"

// ocsfEvent is an event of the framework. Every class has the fields before Actor; which of
// the others a class has, describe says.
type ocsfEvent struct {
	ActivityID   int      `json:"activity_id"`
	ActivityName string   `json:"activity_name"`
	CategoryUID  int      `json:"category_uid"`
	CategoryName string   `json:"category_name"`
	ClassUID     int      `json:"class_uid"`
	ClassName    string   `json:"class_name"`
	TypeUID      int      `json:"type_uid"`
	TypeName     string   `json:"type_name"`
	SeverityID   int      `json:"severity_id"`
	Severity     string   `json:"severity"`
	StatusID     int      `json:"status_id"`
	Status       string   `json:"status"`
	StatusCode   string   `json:"status_code,omitempty"`
	Time         int64    `json:"time"` // milliseconds since 1970, UTC
	Message      string   `json:"message"`
	Count        int      `json:"count,omitempty"` // how many equal events it stands for
	Metadata     metadata `json:"metadata"`
	Unmapped     unmapped `json:"unmapped"`

	Actor       *actor       `json:"actor,omitempty"`
	API         *apiCall     `json:"api,omitempty"`
	Entity      *entity      `json:"entity,omitempty"`
	FindingInfo *findingInfo `json:"finding_info,omitempty"`
	Group       *named       `json:"group,omitempty"`
	IsAlert     bool         `json:"is_alert,omitempty"`
	Privileges  []string     `json:"privileges,omitempty"`
	Resources   []named      `json:"resources,omitempty"`
	Service     *named       `json:"service,omitempty"`
	SrcEndpoint *endpoint    `json:"src_endpoint,omitempty"`
	User        *user        `json:"user,omitempty"`
}

type metadata struct {
	Version        string  `json:"version"`
	Product        product `json:"product"`
	UID            string  `json:"uid"`
	Sequence       int64   `json:"sequence"` // the event's number in the log
	EventCode      string  `json:"event_code"`
	LogName        string  `json:"log_name"`
	CorrelationUID string  `json:"correlation_uid,omitempty"` // the request
}

type product struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
}

// unmapped has Ramp's own event, where the framework has no field for what it says.
type unmapped struct {
	Event access.Event `json:"ramp_event"`
}

type actor struct {
	User    *user  `json:"user,omitempty"`
	AppName string `json:"app_name,omitempty"`
}

type user struct {
	UID    string `json:"uid"`
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
}

// named is an object that a uid, a name or both tell from others.
type named struct {
	UID  string `json:"uid,omitempty"`
	Name string `json:"name,omitempty"`
	Type string `json:"type,omitempty"`
}

type entity struct {
	named
	TypeID int `json:"type_id"`
}

type apiCall struct {
	Operation string `json:"operation"`
	Service   named  `json:"service"`
}

type endpoint struct {
	Name string `json:"name"`
	IP   string `json:"ip,omitempty"`
}

type findingInfo struct {
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Desc        string   `json:"desc,omitempty"`
	Types       []string `json:"types"`
	CreatedTime int64    `json:"created_time"`
}

// The categories' names, by the first digit of a class.
var categories = map[int]string{2: "Findings", 3: "Identity & Access Management", 6: "Application Activity"}

// ocsfOf returns an event that has been redacted as the framework's. requester is whose
// access the event's request is about.
func ocsfOf(e access.Event, requester string) ocsfEvent {
	is := e.Kind.Spec().OCSF
	category := is.Class.UID / 1000
	out := ocsfEvent{ActivityID: is.ActivityID, ActivityName: is.Activity, CategoryUID: category, CategoryName: categories[category],
		ClassUID: is.Class.UID, ClassName: is.Class.Name, TypeUID: is.TypeUID(), TypeName: is.Class.Name + ": " + is.Activity,
		Time: e.At.UnixMilli(), Message: e.Phrase(), StatusCode: e.Detail["code"], Unmapped: unmapped{e},
		Metadata: metadata{Version: ocsfVersion, Product: product{"Ramp", "Ramp"}, UID: strconv.FormatInt(e.Seq, 10), Sequence: e.Seq,
			EventCode: string(e.Kind), LogName: Source, CorrelationUID: e.RequestID}}
	out.SeverityID, out.Severity = severity(e)
	out.StatusID, out.Status = 1, "Success"
	if is.Failure {
		out.StatusID, out.Status = 2, "Failure"
	}
	if n, err := strconv.Atoi(e.Detail[access.DetailCount]); err == nil && n > 0 {
		out.Count = n + 1
	}
	out.describe(e, is, requester)
	return out
}

// describe sets what each class has of its own.
func (o *ocsfEvent) describe(e access.Event, is access.OCSF, requester string) {
	by := userOf(e.Actor)
	from := &endpoint{Name: cmp.Or(e.Detail[access.DetailVia], "ramp")}
	if address, err := netip.ParseAddr(e.Detail["address"]); err == nil {
		from.IP = address.String()
	}
	target := e.Detail["target"]
	if target != "" && is.Class.UID != classAuthentication && is.Class.UID != classEntity {
		o.Resources = []named{{UID: target, Name: target, Type: "Ramp target"}}
	}
	switch is.Class.UID {
	case classFinding:
		// The framework's status of a finding is about its handling.
		o.StatusID, o.Status, o.IsAlert = 1, "New", true
		o.FindingInfo = &findingInfo{UID: Source + ":" + o.Metadata.UID, Title: e.Kind.Spec().Phrase, Desc: e.Message, Types: []string{string(e.Kind)}, CreatedTime: o.Time}
		return
	case classAccount:
		o.User = userOf(cmp.Or(e.Detail["account"], e.Detail["person"], e.Actor))
	case classAuthentication:
		o.User, o.Service = by, &named{UID: cmp.Or(target, "ramp"), Name: cmp.Or(target, "ramp")}
		if target != "" {
			o.User = userOf(cmp.Or(requester, e.Actor))
		}
	case classEntity:
		o.Entity = entityOf(e)
	case classAccess:
		o.User = userOf(cmp.Or(requester, e.Actor))
		o.Privileges = []string{cmp.Or(e.Detail["grant"], e.RequestID, "unknown")}
	case classGroup:
		o.Group = &named{UID: cmp.Or(e.Detail["group"], "unknown"), Name: e.Detail["name"], Type: "Directory group"}
	case classAPI:
		operation := cmp.Or(e.Detail["act"], string(e.Kind))
		o.API = &apiCall{Operation: operation, Service: named{UID: "ramp", Name: "ramp"}}
	}
	o.Actor, o.SrcEndpoint = &actor{User: by, AppName: e.Detail[access.DetailVia]}, from
}

// The classes that differ in what they need.
const (
	classFinding        = 2004
	classAccount        = 3001
	classAuthentication = 3002
	classEntity         = 3004
	classAccess         = 3005
	classGroup          = 3006
	classAPI            = 6003
)

// entityOf is what an event of Entity Management is about: the request, or of no request
// what the kind's noun names.
func entityOf(e access.Event) *entity {
	const other = 99
	if e.RequestID != "" {
		return &entity{named{UID: e.RequestID, Name: e.RequestID, Type: "Access request"}, other}
	}
	noun, _, _ := strings.Cut(string(e.Kind), ".")
	if person := e.Detail["person"]; noun == "person" && person != "" {
		return &entity{named{UID: person, Name: person, Type: "User"}, 2}
	}
	name := cmp.Or(e.Detail["set"], e.Detail["finding"], noun)
	return &entity{named{UID: name, Name: name, Type: noun}, other}
}

// userOf is a person by their id, or a part of Ramp.
func userOf(id string) *user {
	switch id {
	case access.ActorRamp, access.ActorReconciler, access.ActorTemporal, access.ActorSCIM, access.ActorDirectory, access.ActorContract, "":
		name := cmp.Or(id, "unknown")
		return &user{UID: name, Name: name, TypeID: 3, Type: "System"}
	}
	return &user{UID: id, Name: id, TypeID: 1, Type: "User"}
}

// severity is the framework's: what should wake somebody is high, and critical where
// access may be open that should not be, or the record is not what it was.
func severity(e access.Event) (int, string) {
	is := e.Kind.Spec().OCSF
	switch {
	case e.Kind == access.EventAccessOverdue, e.Kind == access.EventAccessReopened, e.Kind == access.EventRecordAltered:
		return 5, "Critical"
	case is.Class.UID == classFinding:
		return 4, "High"
	case e.Kind.Refusal():
		return 2, "Low"
	case is.Failure:
		return 3, "Medium"
	}
	return 1, "Informational"
}
