// Package sample is an auditor's sample: the evidence packs of the requests of a period,
// chosen out of the log, in one archive that is read and verified without Ramp.
package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Version is the format of the samples of this version of Ramp.
const Version = "ramp audit sample 1"

// Manifest says what a sample holds, and how it was chosen. It is the file sample.json.
type Manifest struct {
	Version    string `json:"version"`
	Ramp       string `json:"ramp"`       // the version of Ramp that wrote the pages
	Checkpoint string `json:"checkpoint"` // of the log that the requests were chosen from, signed
	Choice     Choice `json:"choice"`
	Requests   []Item `json:"requests"` // in the order in which they were recorded
	// Removals are the signed statements of what was dropped by policy, by the number of the
	// event that tells of each.
	Removals map[string]evidence.Envelope `json:"removals,omitempty"`
}

// Choice is what requests were chosen by. Zero fields do not narrow.
type Choice struct {
	Since     *time.Time `json:"since,omitempty"` // asked for at this time or later; UTC
	Until     *time.Time `json:"until,omitempty"` // before this time; UTC
	Contracts []string   `json:"contracts,omitempty"`
	People    []string   `json:"people,omitempty"` // the accounts that asked
}

// Takes reports whether an event is of a request that is chosen: one of the kind
// request.created.
func (c Choice) Takes(e access.Event) bool {
	return e.Kind == access.EventRequestCreated &&
		(c.Since == nil || !e.At.Before(*c.Since)) && (c.Until == nil || e.At.Before(*c.Until)) &&
		(len(c.Contracts) == 0 || contains(c.Contracts, e.Detail["contract"])) && (len(c.People) == 0 || contains(c.People, e.Actor))
}

func contains(list []string, s string) bool {
	for _, one := range list {
		if one == s {
			return true
		}
	}
	return false
}

// Item is one request of a sample.
type Item struct {
	ID        string    `json:"id"`
	Leaf      int64     `json:"leaf"` // where the log has that it was asked for
	Asked     time.Time `json:"asked"`
	Requester string    `json:"requester"`
	Contract  string    `json:"contract"`
	// Digest is the pack's, "sha256:" and hex; empty where there is none, and Problem says
	// why.
	Digest  string `json:"digest,omitempty"`
	Problem string `json:"problem,omitempty"`
	// Dropped says that the request was dropped by policy, as a server has signed; then there
	// is no pack, and nobody knows who asked.
	Dropped *access.Dropped `json:"dropped,omitempty"`
	// What the pack proved when the sample was made. Whoever reads it again verifies it
	// again.
	Conclusion evidence.Conclusion `json:"conclusion,omitempty"`
	Late       access.Duration     `json:"late,omitempty"`
	Summary    string              `json:"summary,omitempty"`
}

// ItemOf returns the item of a request by its first event.
func ItemOf(leaf int64, e access.Event) Item {
	return Item{ID: e.RequestID, Leaf: leaf, Asked: e.At, Requester: e.Actor, Contract: e.Detail["contract"]}
}

// IsOf reports whether the item is of the request that a pack names, and of its first event
// as the pack has it.
func (i Item) IsOf(p evidence.Pack) bool {
	if len(p.Events) == 0 {
		return false
	}
	is := ItemOf(p.Events[0].Leaf, p.Events[0].Event)
	return p.RequestID == i.ID && is.ID == i.ID && is.Leaf == i.Leaf && is.Asked.Equal(i.Asked) && is.Requester == i.Requester && is.Contract == i.Contract
}

// Hold sets what a pack holds and proves.
func (i *Item) Hold(pack []byte, r evidence.Report) {
	sum := sha256.Sum256(pack)
	i.Digest = "sha256:" + hex.EncodeToString(sum[:])
	i.Conclusion, i.Late, i.Summary = r.Conclusion, r.Late, r.Summary
}

// Proven reports whether the item's pack proved what it claims. What is
// proven may have ended late. Of a request that was dropped by policy that is proven alone.
func (i Item) Proven() bool {
	return i.Problem == "" && i.Dropped != nil || i.Problem == "" && i.Conclusion != "" && i.Conclusion != evidence.NotProven
}

// PackName and PageName are the names of a request's files in the archive.
func PackName(id string) string { return "packs/" + id + ".json" }
func PageName(id string) string { return "requests/" + id + ".html" }

// The names of the other files.
const (
	manifestName = "sample.json"
	indexName    = "index.html"
)

func (m Manifest) encode() ([]byte, error) {
	b, err := json.MarshalIndent(m, "", "  ")
	return append(b, '\n'), err
}
