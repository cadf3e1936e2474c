package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

const programsContract = `
apiVersion: ramp/v1
kind: Contract
metadata: {name: programs, owner: team-data}
description: Refunds by a program, orders by a service.
request: {who: '"engineering" in person.groups'}
duration: {default: 10m, max: 1h}
grants:
  - {target: exec/billing, entitlement: {what: refunds}}
  - {target: webhook/orders, entitlement: {what: orders}}
approval: {stages: [{name: team, from: [approvers]}]}
`

// waiting is put into a program of the scaffold: an operation says that it began, and waits
// for a file before it does anything.
const waiting = `
    import time
    open(os.path.join(HERE, "OPERATION-began"), "w").close()
    while not os.path.exists(os.path.join(HERE, "OPERATION-go")):
        time.sleep(0.02)
`

// customers is a program or a service as a customer begins one.
type customers struct {
	in      *installation
	program string
}

// begins writes one with ramp target new.
func (in *installation) begins(name string, options ...string) customers {
	c := exec.Command(binary, append(append([]string{"target", "new"}, options...), "python", name)...)
	c.Dir = in.dir
	out, err := c.CombinedOutput()
	require.NoError(in, err, "%s", out)
	return customers{in, filepath.Join(in.dir, name, name)}
}

// slows has grant and revoke wait until they may go on.
func (c customers) slows() customers {
	text, err := os.ReadFile(c.program)
	require.NoError(c.in, err)
	for _, operation := range []string{"grant", "revoke"} {
		head := "def " + operation + "(call):\n"
		require.Contains(c.in, string(text), head)
		text = []byte(strings.Replace(string(text), head, head+strings.ReplaceAll(waiting, "OPERATION", operation), 1))
	}
	require.NoError(c.in, os.WriteFile(c.program, text, 0o700))
	return c
}

// serves starts a service, until the test ends.
func (c customers) serves() (url, secret string) {
	secret = c.program + ".secret"
	require.NoError(c.in, os.WriteFile(secret, []byte("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n"), 0o600)) // #nosec G101 -- of this test's service
	address := ports.ForTest(c.in.T)
	service := exec.Command(c.program, address, secret)
	require.NoError(c.in, service.Start())
	c.in.Cleanup(func() {
		require.NoError(c.in, service.Process.Kill())
		_ = service.Wait()
	})
	return "http://" + address, secret
}

func (c customers) file(name string) string {
	return filepath.Join(filepath.Dir(c.program), "access", name)
}

func (c customers) began(operation string) {
	c.in.eventually(time.Minute, operation+" of "+c.program+" began", func() bool { _, err := os.Stat(c.file(operation + "-began")); return err == nil })
}

func (c customers) goesOn(operation string) {
	require.NoError(c.in, os.WriteFile(c.file(operation+"-go"), nil, 0o600))
}

// works reports whether the access works, by the probe, which looks past the program.
func (c customers) works(grant, what string) bool {
	ask, err := json.Marshal(doc{"probe": "use", "grant": doc{"name": grant, "entitlement": doc{"what": what}}})
	require.NoError(c.in, err)
	run := exec.Command(c.program, "probe")
	run.Stdin = strings.NewReader(string(ask))
	out, err := run.Output()
	require.NoError(c.in, err)
	var reply struct{ Works bool }
	require.NoError(c.in, json.Unmarshal(out, &reply))
	return reply.Works
}

// described writes what it says of itself into a file, as an operator does, and returns its
// name.
func (c customers) described(args ...string) string {
	var out []byte
	c.in.eventually(time.Minute, c.program+" describes itself", func() (ok bool) {
		var err error
		out, err = exec.Command(binary, append([]string{"target", "describe"}, args...)...).Output()
		return err == nil
	})
	file := c.program + ".json"
	require.NoError(c.in, os.WriteFile(file, out, 0o600))
	return file
}

// TestPrograms is access by a program and by a service of a customer's own, through one
// request, from asking to its end. The worker is killed while each of them opens and closes:
// what it began is begun again, opens once, and ends.
func TestPrograms(t *testing.T) {
	t.Parallel()
	in := install(t)
	billing, orders := in.begins("billing").slows(), in.begins("orders", "--service").slows()
	url, secret := orders.serves()

	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) {
		c.section("worker", "targets")["exec/billing"] = doc{"kind": "exec", "command": []string{billing.program}, "description": billing.described("--", billing.program)}
		c.section("worker", "targets")["webhook/orders"] = doc{"kind": "webhook", "url": url, "secrets": []string{"file:" + secret}, "description": orders.described("--url", url, "--secret", secret)}
	})
	worker := in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", in.config()).ready()
	in.contract(in.as("alice"), "programs", programsContract)
	restart := func() {
		worker.kill()
		worker = in.start(nil, "worker", "--config", in.config())
	}

	r := in.as("alice").asks("programs", "10m")
	out, err := in.as("bob").ramp("show", r.ID)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "Access to refunds of billing")
	require.Contains(t, out, "Access to orders of orders")
	require.NoFileExists(t, billing.file("grant-began"), "nothing is opened before somebody approves")
	in.as("bob").approves(r)
	one, two := "ramp-"+r.ID+"-a", "ramp-"+r.ID+"-b"
	for _, c := range []customers{billing, orders} {
		c.began("grant")
		restart()
		c.goesOn("grant")
	}
	in.as("alice").awaits(r.ID, "active", 2*time.Minute)
	require.True(t, billing.works(one, "refunds"))
	require.True(t, orders.works(two, "orders"))
	require.False(t, billing.works(one, "invoices"))

	out, err = in.as("alice").ramp("release", r.ID)
	require.NoError(t, err, "%s", out)
	for _, c := range []customers{orders, billing} { // in the reverse order
		c.began("revoke")
		restart()
		c.goesOn("revoke")
	}
	ended := in.as("alice").awaits(r.ID, "ended", 2*time.Minute)
	require.Equal(t, "released", ended.Outcome)
	require.False(t, billing.works(one, "refunds"))
	require.False(t, orders.works(two, "orders"))
	for file, revoked := range map[string]string{billing.file("open/" + one): billing.file("revoked/" + one), orders.file("open/" + two): orders.file("revoked/" + two)} {
		require.NoFileExists(t, file)
		require.FileExists(t, revoked)
	}
	pack := filepath.Join(t.TempDir(), "evidence.json")
	out, err = in.as("alice").ramp("evidence", "get", r.ID, "--into", pack)
	require.NoError(t, err, "%s", out)
}
