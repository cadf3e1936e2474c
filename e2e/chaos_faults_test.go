package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	"ramp.dev/ramp/internal/netfault"
)

// fault is one thing that goes wrong at a time and is mended at another.
type fault struct {
	kind  string
	at    time.Duration // after the start of the run
	lasts time.Duration
	begin func() bool // false: there was nothing to harm
	end   func()
}

// errNoVictim: a fault that needs live access found none.
var errNoVictim = errors.New("nothing to harm")

// faultKinds makes every kind of fault there is, by name. The lengths are drawn
// when the plan is.
func (w *chaosInstallation) faultKinds(r *rand.Rand, victims *live) map[string]func() fault {
	short := func() time.Duration { return 300*time.Millisecond + time.Duration(r.IntN(2500))*time.Millisecond }
	long := func() time.Duration { return 2*time.Second + time.Duration(r.IntN(6000))*time.Millisecond }
	kinds := map[string]func() fault{}
	kill := func(name string, procs ...string) {
		kinds["kill -9 "+name] = func() fault {
			return fault{lasts: short(), begin: func() bool { w.each(procs, (*proc).hold); return true },
				end: func() { w.each(procs, (*proc).release) }}
		}
	}
	kill("a worker", "worker-1")
	kill("both workers", "worker-1", "worker-2")
	kill("server", "server")
	kill("engine", "engine")
	kill("everything", "server", "worker-1", "worker-2", "engine")
	wire := func(to, what string, x func() *netfault.Wire, harm func(x *netfault.Wire) func()) {
		kinds[what+": "+to] = func() fault {
			var mend func()
			x := x()
			return fault{lasts: long(), begin: func() bool { mend = harm(x); return true }, end: func() { mend() }}
		}
	}
	wires := map[string]func() *netfault.Wire{"a host": func() *netfault.Wire { return w.fleet.hosts[r.IntN(len(w.fleet.hosts))].wire }}
	for _, name := range []string{"temporal", "vault", "aws", "database", "cluster"} {
		wires[name] = func() *netfault.Wire { return w.wires[name] }
	}
	for name, x := range wires {
		wire(name, "network cut", x, (*netfault.Wire).Silent)
		wire(name, "network slow", x, func(x *netfault.Wire) func() { return x.Slow(400) })
		wire(name, "reset after the effect", x, (*netfault.Wire).Reset)
	}
	throttled := map[string]frontFault{
		"vault": answers{"throttled", 429, `{"errors":["rate limit quota exceeded"]}`},
		"aws":   answers{"throttled", 400, `<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message></Error></ErrorResponse>`},
	}
	for name, f := range w.fronts {
		for _, ff := range []frontFault{throttled[name], answers{"answers 500", 500, `{"errors":["internal error"]}`}, loses{}, pretends{}} {
			kinds[ff.name()+": "+name] = func() fault {
				return fault{lasts: long(), begin: func() bool { f.set(0.6, ff); return true }, end: func() { f.set(0, nil) }}
			}
		}
	}
	w.ledgerFaults(kinds, long)
	kinds["rogue worker"] = w.rogueWorker(long)
	kinds["clock wrong by minutes"] = func() fault {
		skew := time.Duration(2+r.IntN(4)) * time.Minute
		if r.IntN(2) == 0 {
			skew = -skew
		}
		p := w.procs["worker-2"]
		again := func(skew time.Duration) { p.hold(); p.skew = skew; p.release() }
		return fault{lasts: long(), begin: func() bool { again(skew); return true }, end: func() { again(0) }}
	}
	once := func(kind, prefix string, harm func(id string) error) {
		kinds[kind] = func() fault {
			return fault{begin: func() bool {
				id, ok := victims.any(r, prefix)
				return ok && harm(id) == nil
			}, end: func() {}}
		}
	}
	once("workflow terminated", "", w.terminate)
	once("workflow reset", "", w.reset)
	once("removed by hand: ssh", "chaos-ssh", func(id string) error { return w.editLine(w.principals(), id, func(string) string { return "" }) })
	once("widened by hand: ssh", "chaos-ssh", func(id string) error { return w.editLine(w.principals(), id, prolonged) })
	once("removed by hand: vault", "chaos-vault", func(id string) error {
		_, err := w.vault.Root.Logical().Delete("auth/token/roles/" + grantOf(id))
		return err
	})
	w.databaseFaults(kinds, short, once)
	w.clusterFaults(kinds, short, once)
	w.fleetFaults(r, kinds, long, once)
	once("removed by hand: aws", "chaos-aws", w.removeRole)
	once("widened by hand: aws", "chaos-aws", func(id string) error {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_, err := w.aws.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String(grantOf(id)), PolicyName: aws.String("by-hand"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)})
		return err
	})
	return kinds
}

func (w *chaosInstallation) each(names []string, do func(*proc)) {
	for _, name := range names {
		do(w.procs[name])
	}
}

// drawFaults plans a run: every kind in turn, in random order, at random times.
func drawFaults(r *rand.Rand, kinds map[string]func() fault, n int, within time.Duration) []fault {
	names := make([]string, 0, len(kinds))
	for name := range kinds {
		names = append(names, name)
	}
	slices.Sort(names) // a map's order is nobody's seed
	var out []fault
	for len(out) < n {
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names[:min(len(names), n-len(out))] {
			f := kinds[name]()
			f.kind, f.at = name, time.Duration(r.Int64N(int64(within)))
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b fault) int { return int(a.at - b.at) })
	return out
}

// terminate ends a workflow without letting it clean up (docs/threats.md, case 38).
func (w *chaosInstallation) terminate(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return w.temporal.TerminateWorkflow(ctx, id, "", "chaos")
}

// reset takes a workflow back to its beginning, before anybody decided.
func (w *chaosInstallation) reset(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	events := w.temporal.GetWorkflowHistory(ctx, id, "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return err
		}
		if e.EventType != enumspb.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		d, err := w.temporal.DescribeWorkflowExecution(ctx, id, "")
		if err != nil {
			return err
		}
		_, err = w.temporal.ResetWorkflowExecution(ctx, &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: "default", WorkflowExecution: d.WorkflowExecutionInfo.Execution, Reason: "chaos",
			WorkflowTaskFinishEventId: e.EventId, RequestId: fmt.Sprint(time.Now().UnixNano())})
		return err
	}
	return errNoVictim
}

var expiryTime = regexp.MustCompile(`expiry-time="[^"]*"`)

// prolonged is a line that admits for an hour from now.
func prolonged(line string) string {
	return expiryTime.ReplaceAllString(line, `expiry-time="`+time.Now().Add(time.Hour).UTC().Format("20060102150405Z")+`"`)
}

// editLine changes the line that admits a request's grant to a host, in the host's file; to
// nothing removes it. It takes no lock, as a hand would not.
func (w *chaosInstallation) editLine(path, id string, change func(string) string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	found := false
	var lines []string
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasSuffix(l, " "+grantOf(id)) {
			found = true
			if l = change(l); l == "" {
				continue
			}
		}
		lines = append(lines, l)
	}
	if !found {
		return errNoVictim
	}
	if err := os.WriteFile(path+".hand", []byte(strings.Join(lines, "\n")), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".hand", path)
}

func (w *chaosInstallation) removeRole(id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	name, admin := aws.String(grantOf(id)), w.aws.IAM()
	policies, err := admin.ListRolePolicies(ctx, &iam.ListRolePoliciesInput{RoleName: name})
	if err != nil {
		return err
	}
	for _, p := range policies.PolicyNames {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: &p}); err != nil {
			return err
		}
	}
	_, err = admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	return err
}
