// Package centertest is an instance of IAM Identity Center for tests: moto, with what moto
// lacks before it.
package centertest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"ramp.dev/ramp/internal/strictjson"
)

// Cloud is a transport to moto that behaves as AWS does where moto does not: ARNs of
// permission sets, assignments that are made and removed after the call has returned,
// the limit on those that are under way, and an assignment that is made twice.
type Cloud struct {
	mu    sync.Mutex
	looks int               // how often an operation is seen to be under way; 0: it has ended when the call returns
	fails map[string]string // by operation, such as CreateAccountAssignment: the reason why the next one fails
	ops   map[string]*op
	most  int // under way at once
	next  int
	lies  bool // the next operation is said to have succeeded, and has no effect
	hides bool // what is being made is not found by a deletion
}

type op struct {
	Operation string
	body      []byte
	left      int
	status    map[string]any
}

// LimitUnderWay is how many operations AWS has under way at once.
const LimitUnderWay = 10

// NewCloud returns a cloud in which every operation has ended when its call returns.
func NewCloud() *Cloud { return &Cloud{ops: map[string]*op{}, fails: map[string]string{}} }

func (c *Cloud) set(to func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	to()
}

// Slow makes operations be under way for so many looks.
func (c *Cloud) Slow(looks int) { c.set(func() { c.looks = looks }) }

// FailNext makes the next operation of a name, such as CreateAccountAssignment, fail after
// its call has returned.
func (c *Cloud) FailNext(operation, reason string) { c.set(func() { c.fails[operation] = reason }) }

// Lie makes the next operation be said to have succeeded, without an effect.
func (c *Cloud) Lie() { c.set(func() { c.lies = true }) }

// Hide says whether deletions do not find what is being made.
func (c *Cloud) Hide(hides bool) { c.set(func() { c.hides = hides }) }

// Most returns how many operations were under way at once.
func (c *Cloud) Most() (n int) {
	c.set(func() { n = c.most })
	return n
}

var (
	setOfMoto = regexp.MustCompile(`:instance/(ssoins-[a-z0-9]+/ps-)`)
	setOfAWS  = regexp.MustCompile(`:permissionSet/(ssoins-[a-z0-9]+/ps-)`)
)

// OperationOf returns the name of the operation that a request asks for.
func OperationOf(r *http.Request) string {
	_, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return name
}

// BodyOf returns the body of a request, which can be read again.
func BodyOf(r *http.Request) []byte {
	if r.Body == nil {
		return nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// RoundTrip implements http.RoundTripper.
func (c *Cloud) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	operation, body := OperationOf(r), BodyOf(r)
	switch operation {
	case "CreateAccountAssignment", "DeleteAccountAssignment":
		return c.begin(r, operation, body)
	case "DescribeAccountAssignmentCreationStatus", "DescribeAccountAssignmentDeletionStatus":
		return c.look(r, operation, body)
	case "ListAccountAssignmentCreationStatus":
		return Reply(200, map[string]any{"AccountAssignmentsCreationStatus": c.underWay("CreateAccountAssignment")}), nil
	case "ListAccountAssignmentDeletionStatus":
		return Reply(200, map[string]any{"AccountAssignmentsDeletionStatus": c.underWay("DeleteAccountAssignment")}), nil
	case "GetUserId":
		return c.userID(r, body)
	}
	return c.moto(r, body)
}

// moto asks moto, with ARNs as it has them.
func (c *Cloud) moto(r *http.Request, body []byte) (*http.Response, error) {
	body = setOfAWS.ReplaceAll(body, []byte(":instance/$1"))
	next := r.Clone(r.Context())
	next.Body, next.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	got, err := http.DefaultTransport.RoundTrip(next)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	out, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	out = setOfMoto.ReplaceAll(out, []byte(":permissionSet/$1"))
	got.Body, got.ContentLength = io.NopCloser(bytes.NewReader(out)), int64(len(out))
	got.Header.Del("Content-Length")
	got.Request = r
	return got, nil
}

func (c *Cloud) underWay(operation string) (out []map[string]any) {
	for id, o := range c.ops {
		if o.Operation == operation && o.status["Status"] == "IN_PROGRESS" {
			out = append(out, map[string]any{"RequestId": id, "Status": "IN_PROGRESS"})
		}
	}
	return out
}

func (c *Cloud) begin(r *http.Request, operation string, body []byte) (*http.Response, error) {
	busy := len(c.underWay("CreateAccountAssignment")) + len(c.underWay("DeleteAccountAssignment"))
	if busy >= LimitUnderWay {
		return Refuse(400, "ThrottlingException", "There are too many requests processing."), nil
	}
	for _, o := range c.ops {
		if o.status["Status"] == "IN_PROGRESS" && bytes.Equal(o.body, body) && !(c.hides && operation == "DeleteAccountAssignment") {
			if o.left--; o.left <= 0 { // it goes on whether somebody looks or not
				if err := c.finish(r, o); err != nil {
					return nil, err
				}
			}
			return Refuse(409, "ConflictException", "There is another request processing for the same assignment."), nil
		}
	}
	there, err := c.there(r, body)
	if err != nil {
		return nil, err
	}
	if operation == "DeleteAccountAssignment" && !there {
		return Refuse(400, "ResourceNotFoundException", "The assignment does not exist."), nil
	}
	status := map[string]any{}
	if err := strictjson.UnmarshalOpen(body, &status); err != nil {
		return nil, err
	}
	delete(status, "InstanceArn")
	c.next++
	id := "op-" + strconv.Itoa(c.next)
	status["RequestId"], status["Status"] = id, "IN_PROGRESS"
	o := &op{Operation: operation, body: body, left: c.looks, status: status}
	c.ops[id] = o
	c.most = max(c.most, busy+1)
	if c.looks == 0 {
		if err := c.finish(r, o); err != nil {
			return nil, err
		}
	}
	return Reply(200, map[string]any{o.key(): o.status}), nil
}

// GoOn lets everything that is under way end. r is any request to the cloud.
func (c *Cloud) GoOn(r *http.Request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range c.ops {
		if o.status["Status"] != "IN_PROGRESS" {
			continue
		}
		if err := c.finish(r, o); err != nil {
			return err
		}
	}
	return nil
}

func (o *op) key() string {
	if o.Operation == "CreateAccountAssignment" {
		return "AccountAssignmentCreationStatus"
	}
	return "AccountAssignmentDeletionStatus"
}

// there reports whether moto has the assignment that a request is about.
func (c *Cloud) there(r *http.Request, body []byte) (bool, error) {
	var in struct{ InstanceArn, TargetId, PermissionSetArn, PrincipalId, PrincipalType string }
	if err := strictjson.UnmarshalOpen(body, &in); err != nil {
		return false, err
	}
	ask := r.Clone(r.Context())
	ask.Header.Set("X-Amz-Target", "SWBExternalService.ListAccountAssignments")
	text, err := json.Marshal(map[string]string{"InstanceArn": in.InstanceArn, "AccountId": in.TargetId, "PermissionSetArn": in.PermissionSetArn})
	if err != nil {
		return false, err
	}
	got, err := c.moto(ask, text)
	if err != nil {
		return false, err
	}
	var out struct {
		AccountAssignments []struct{ PrincipalId, PrincipalType string }
	}
	if text, err = io.ReadAll(got.Body); err != nil {
		return false, err
	}
	if err := strictjson.UnmarshalOpen(text, &out); err != nil {
		return false, err
	}
	for _, one := range out.AccountAssignments {
		if one.PrincipalId == in.PrincipalId && one.PrincipalType == in.PrincipalType {
			return true, nil
		}
	}
	return false, nil
}

// finish gives an operation its effect, or its failure.
func (c *Cloud) finish(r *http.Request, o *op) error {
	if reason, ok := c.fails[o.Operation]; ok {
		delete(c.fails, o.Operation)
		o.status["Status"], o.status["FailureReason"] = "FAILED", reason
		return nil
	}
	there, err := c.there(r, o.body)
	if err != nil {
		return err
	}
	if c.lies {
		c.lies, o.status["Status"] = false, "SUCCEEDED"
		return nil
	}
	if there != (o.Operation == "CreateAccountAssignment") { // what is there already is not made twice
		act := r.Clone(r.Context())
		act.Header.Set("X-Amz-Target", "SWBExternalService."+o.Operation)
		got, err := c.moto(act, o.body)
		if err != nil {
			return err
		}
		got.Body.Close()
	}
	o.status["Status"] = "SUCCEEDED"
	return nil
}

func (c *Cloud) look(r *http.Request, operation string, body []byte) (*http.Response, error) {
	var in struct{ AccountAssignmentCreationRequestId, AccountAssignmentDeletionRequestId string }
	if err := strictjson.UnmarshalOpen(body, &in); err != nil {
		return nil, err
	}
	o := c.ops[in.AccountAssignmentCreationRequestId+in.AccountAssignmentDeletionRequestId]
	if o == nil {
		return Refuse(400, "ResourceNotFoundException", "no such request"), nil
	}
	if o.status["Status"] == "IN_PROGRESS" {
		if o.left--; o.left <= 0 {
			if err := c.finish(r, o); err != nil {
				return nil, err
			}
		}
	}
	return Reply(200, map[string]any{o.key(): o.status}), nil
}

// Reply returns a response as AWS writes it.
func Reply(status int, body any) *http.Response {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return &http.Response{Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Content-Type": {"application/x-amz-json-1.1"}, "Date": {time.Now().UTC().Format(http.TimeFormat)}},
		ContentLength: int64(len(text)), Body: io.NopCloser(bytes.NewReader(text))}
}

// Refuse returns an error as AWS writes it.
func Refuse(status int, code, message string) *http.Response {
	return Reply(status, map[string]string{"__type": code, "message": message, "Message": message})
}
