package contracts

import (
	"fmt"
	"time"

	_ "time/tzdata" // zones are known on a machine without a zone database

	"ramp.dev/ramp/access"
)

// attributeZone is the requester's attribute that names their own zone: OpenID
// Connect's claim, and SCIM's timezone.
const attributeZone = "zoneinfo"

// clocks are those that tell the time for a part of a contract: in a zone that the
// contract names, or in the requester's own.
type clocks struct {
	zone *time.Location // nil: the requester's own
}

// clocks reads the fields zone and zoneOf of a section, one of which is needed.
func (d *document) clocks(section, zone, zoneOf string) clocks {
	switch {
	case zone != "" && zoneOf != "":
		d.issue(section+"_zone", "write zone or zoneOf, not both", section, "zoneOf")
	case zoneOf == "requester":
		return clocks{}
	case zoneOf != "":
		d.issue(section+"_zone", "zoneOf is the zone of the requester: write zoneOf: requester", section, "zoneOf")
	}
	at, err := zoneNamed(zone)
	if err != nil && zoneOf == "" {
		d.issue(section+"_zone", section+".zone must be a name of the IANA zone database, such as Europe/Berlin or UTC; or write zoneOf: requester", section, "zone")
	}
	return clocks{zone: at}
}

// zoneNamed returns a zone of the IANA database. What Go reads for an empty name
// (UTC) and for "Local" (the server's own) is nobody's zone; the error comes with UTC.
func zoneNamed(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return time.UTC, fmt.Errorf("%q is no zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return time.UTC, err
	}
	return zone, nil
}

// of returns the zone for a requester, and false if it is not known. There is no
// zone to fall back to: in another one, windows would be at other hours.
func (c clocks) of(p access.Person) (*time.Location, bool) {
	if c.zone != nil {
		return c.zone, true
	}
	zone, err := zoneNamed(p.Attributes[attributeZone])
	return zone, err == nil
}

// refuseZone refuses a request whose requester's zone is not known.
func (q *query) refuseZone(field string) {
	name := q.Person.Attributes[attributeZone]
	detail := "the requester has no attribute " + attributeZone
	if name != "" {
		detail = fmt.Sprintf("%q is no zone of the IANA zone database", access.Clip(name, 40))
	}
	q.result.Trace = append(q.result.Trace, Step{Field: field + ".zoneOf", Expression: "person.attributes." + attributeZone, Result: Unevaluated, Detail: detail})
	q.refuseAtOnce(CouldNotEvaluate, "zone_unknown", "contract %s depends on your own time zone, which is not known: %s", q.contract.Name, detail)
}
