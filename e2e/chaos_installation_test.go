package e2e

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
	"ramp.dev/ramp/integrations/vaulttoken"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/internal/netfault"
)

// chaosInstallation is an installation as in production, on targets of six kinds, with
// something between every two parts that can be made to fail.
type chaosInstallation struct {
	*installation
	vault    *vaulttest.Server
	aws      *awstest.Server
	database *postgrestest.Server // a target
	cluster  *cluster             // a target
	fleet    *fleet               // a target
	postgres *chaosLedger
	wires    map[string]*netfault.Wire // TCP: to temporal, vault, aws, the database, the cluster, and to the ledger
	fronts   map[string]*front         // HTTP: the targets' responses
	procs    map[string]*proc
	order    []string // of procs, as they are started
	temporal client.Client
	rogue    *rogue
}

// chaosContracts are asked under: for each target one that people approve, with
// little time to decide, so that lapsing is part of the run.
const chaosContracts = `
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-ssh}
description: The demo host.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: ssh/demo, entitlement: {user: demo}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 30m}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-vault}
description: A real Vault.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: vault/chaos, entitlement: {policies: [orders-read]}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 30m}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-aws}
description: IAM, kept by moto.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: aws/chaos, entitlement: {actions: ['s3:GetObject'], resources: ['arn:aws:s3:::orders/*']}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-postgres}
description: A real Postgres.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: postgres/chaos, entitlement: {database: orders, roles: [orders_read]}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 30m}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-kubernetes}
description: A real API server of Kubernetes.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: kubernetes/chaos, entitlement: {namespaces: [orders], clusterRole: orders-read}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 30m}
---
apiVersion: ramp/v1
kind: Contract
metadata: {name: chaos-fleet}
description: Three hosts with OpenSSH and a helper each.
request: {who: '"engineering" in person.groups'}
duration: {default: 20s, max: 10m}
grants: [{target: ssh/chaos, entitlement: {user: LOGIN, labels: {role: web}}}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
extend: {times: 3, upTo: 30m}
`

// newChaosInstallation starts everything, whole and unharmed.
func newChaosInstallation(in *installation) *chaosInstallation {
	w := &chaosInstallation{installation: in, vault: vaulttest.Start(in.T), aws: awstest.Start(in.T), postgres: newChaosLedger(in.T), database: postgrestest.Start(in.T), cluster: newCluster(in.T, "kubernetes/chaos"), fleet: startFleet(in, "web1", "web2", "web3"),
		wires: map[string]*netfault.Wire{}, fronts: map[string]*front{}, procs: map[string]*proc{},
		rogue: &rogue{told: map[string]int{}}}
	in.env = w.aws.Environ()
	w.vault.Policy(in.T, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	w.vault.Policy(in.T, "ramp", vaulttoken.Policy("orders-read"))
	for name, address := range map[string]string{"vault": w.vault.Address, "aws": w.aws.Endpoint} {
		w.fronts[name] = newFront(in.T, address)
		w.wires[name] = netfault.New(in.T, "127.0.0.1:0", w.fronts[name].address())
	}
	for _, name := range []string{"ledger", "ledger of the server"} {
		w.wires[name] = netfault.New(in.T, "127.0.0.1:0", w.postgres.host())
	}
	w.database.Setup(in.T, w.database.Config())
	w.wires["database"] = netfault.New(in.T, "127.0.0.1:0", w.database.Addr())
	w.wires["cluster"] = netfault.New(in.T, "127.0.0.1:0", strings.TrimPrefix(w.cluster.Address, "https://"))
	w.wires["temporal"] = netfault.New(in.T, "127.0.0.1:0", in.addr("temporal"))
	dev := []string{"dev", "--without", "server,worker", "--dir", in.dir, "--listen", in.addr("listen"), "--temporal", in.addr("temporal"),
		"--temporal-ui", in.addr("ui"), "--idp", in.addr("idp"), "--ssh", in.addr("ssh"), "--postgres", "off"}
	w.add("engine", nil, dev...).start()
	in.configured()
	config, server := w.configure()
	w.add("server", nil, "server", "--config", server).start()
	w.add("worker-1", nil, "worker", "--config", config).start()
	w.add("worker-2", nil, "worker", "--config", config).start()
	w.awaitReady()
	var err error
	w.temporal, err = client.NewLazyClient(client.Options{HostPort: in.addr("temporal"), Logger: quiet{}})
	require.NoError(in, err)
	in.Cleanup(w.temporal.Close)
	return w
}

// configure adds the targets to what `ramp dev` wrote, each behind its wire. The
// server has a configuration and a wire to the ledger of its own.
func (w *chaosInstallation) configure() (workers, server string) {
	c := w.configuration()
	c.section("temporal")["address"] = w.wires["temporal"].Address()
	targets := c.section("worker", "targets")
	targets["vault/chaos"] = map[string]any{"kind": "vault", "address": "http://" + w.wires["vault"].Address(),
		"token": "file:" + vaulttest.TokenFile(w.T, w.vault.Token(w.T, "ramp")), "policies": []string{"orders-read"}}
	targets["aws/chaos"] = map[string]any{"kind": "aws", "region": awstest.Region, "account": awstest.Account,
		"endpoint": "http://" + w.wires["aws"].Address(), "worker": w.aws.Worker, "boundary": w.aws.Boundary, "consistency": "3s",
		"allow": []any{map[string]any{"actions": []string{"s3:GetObject"}, "resources": []string{"arn:aws:s3:::orders*"}}}}
	targets["postgres/chaos"] = w.databaseTarget()
	targets["kubernetes/chaos"] = w.cluster.config(w.wires["cluster"].Address())
	targets["ssh/chaos"] = w.fleet.config()
	write := func(name, ledger string) string {
		c.doc["ledger"] = doc{"url": ledger}
		path := filepath.Join(w.dir, name)
		c.write(path)
		return path
	}
	require.NoError(w, os.WriteFile(filepath.Join(w.dir, "contracts", "chaos.yaml"), []byte(strings.ReplaceAll(chaosContracts, "LOGIN", w.fleet.login)), 0o644))
	return write("chaos.yaml", w.postgres.through(w.wires["ledger"])), write("chaos-server.yaml", w.postgres.through(w.wires["ledger of the server"]))
}

// awaitReady waits until every part works: the server says so of itself, and a
// dry run says so of the workers.
func (w *chaosInstallation) awaitReady() {
	alice := w.as("alice")
	w.eventually(3*time.Minute, "everything works", func() bool {
		for _, contract := range []string{"chaos-ssh", "chaos-vault", "chaos-aws", "chaos-postgres", "chaos-kubernetes", "chaos-fleet"} {
			status, _, err := alice.try("POST", "/api/v1/requests?dryRun=true", map[string]any{
				"contract": contract, "reason": "is everything there?"})
			if err != nil || status != 200 {
				return false
			}
		}
		return true
	})
}

// heal ends every fault and starts what is down.
func (w *chaosInstallation) heal() {
	for _, x := range slices.Concat(slices.Collect(maps.Values(w.wires)), w.fleet.wires()) {
		x.Heal()
	}
	for _, f := range w.fronts {
		f.set(0, nil)
	}
	for _, name := range w.order {
		w.procs[name].heal()
	}
}

// proc is one process that dies and comes back. Several faults may hold it
// down at once; it starts again when the last lets go.
type proc struct {
	w     *chaosInstallation
	name  string
	env   []string
	args  []string
	log   string
	cmd   *exec.Cmd
	done  chan struct{}
	held  int
	skew  time.Duration
	kills int
}

func (w *chaosInstallation) add(name string, env []string, args ...string) *proc {
	p := &proc{w: w, name: name, env: env, args: args, log: filepath.Join(w.dir, name+".log")}
	w.procs[name] = p
	w.order = append(w.order, name)
	w.Cleanup(func() {
		p.kill()
		if w.Failed() {
			b, _ := os.ReadFile(p.log)
			w.Logf("the end of what %s said:\n%s", name, b[max(0, len(b)-6000):])
		}
	})
	return p
}

func (p *proc) start() {
	f, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(p.w, err)
	defer f.Close()
	p.cmd, p.done = exec.Command(binary, p.args...), make(chan struct{})
	p.cmd.Env = slices.Concat(os.Environ(), []string{"NO_COLOR=1"}, p.w.env, p.env)
	if p.skew != 0 {
		p.cmd.Env = append(p.cmd.Env, "RAMP_CLOCK_SKEW="+p.skew.String())
	}
	p.cmd.Stdout, p.cmd.Stderr = f, f
	require.NoError(p.w, p.cmd.Start())
	go func(c *exec.Cmd, done chan struct{}) { _ = c.Wait(); close(done) }(p.cmd, p.done)
}

// kill is kill -9, and waits.
func (p *proc) kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
	p.cmd = nil
}

func (p *proc) hold() {
	if p.held++; p.held == 1 {
		p.kill()
		p.kills++
	}
}

func (p *proc) release() {
	if p.held--; p.held == 0 {
		p.start()
	}
}

// heal also notices a process that ended by itself, which is a defect: only
// the run ends processes.
func (p *proc) heal() {
	p.held, p.skew = 0, 0
	if p.cmd != nil {
		select {
		case <-p.done:
			b, _ := os.ReadFile(p.log)
			p.w.Errorf("%s ended by itself (%s):\n%s", p.name, p.cmd.ProcessState, b[max(0, len(b)-3000):])
		default:
			p.kill()
		}
	}
	p.start()
}

// live is the requests that are open now, for faults that need a victim.
type live struct {
	mu  sync.Mutex
	ids map[string]string // request to contract
}

func (l *live) add(id, contract string) { l.mu.Lock(); l.ids[id] = contract; l.mu.Unlock() }
func (l *live) drop(id string)          { l.mu.Lock(); delete(l.ids, id); l.mu.Unlock() }

// any picks one under a contract that begins so, or none.
func (l *live) any(r *rand.Rand, prefix string) (string, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id, contract := range l.ids {
		if strings.HasPrefix(contract, prefix) {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return "", false
	}
	return ids[r.IntN(len(ids))], true
}

// quiet is a logger for Temporal's client, which complains of what is broken on purpose.
type quiet struct{}

func (quiet) Debug(string, ...any) {}
func (quiet) Info(string, ...any)  {}
func (quiet) Warn(string, ...any)  {}
func (quiet) Error(string, ...any) {}

func grantOf(request string) string { return fmt.Sprintf("ramp-%s-a", request) }
