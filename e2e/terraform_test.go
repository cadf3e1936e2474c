package e2e

import (
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/testtools"
)

// doorModule opens a door, which is a file, and then waits for a file "go" beside it.
const doorModule = `
variable "doors" { type = string }
variable "role" { type = string }
variable "ramp" { type = object({ grant = string, principal = string, expires_at = string }) }
resource "terraform_data" "door" {
  input = { file = "${var.doors}/${var.ramp.grant}", go = "${var.doors}/go" }
  provisioner "local-exec" {
    command     = "umask 077; : >\"$FILE\"; until [ -e \"$GO\" ]; do sleep 0.05; done"
    environment = { FILE = self.output.file, GO = self.output.go }
  }
  provisioner "local-exec" {
    when        = destroy
    command     = "rm -f \"$FILE\""
    environment = { FILE = self.output.file }
  }
}
resource "terraform_data" "plate" { input = "${var.ramp.principal}: ${var.role}" }
`

const doorContract = `
apiVersion: ramp/v1
kind: Contract
metadata: {name: door, owner: team-data}
description: Open a door.
request:
  who: '"engineering" in person.groups'
  params: {role: {type: string, enum: [reader, writer], default: reader}}
duration: {default: 10m, max: 1h}
grants: [{target: terraform/doors, entitlement: {module: door, variables: {role: '{{ params.role }}'}}}]
approval: {stages: [{name: team, from: [approvers]}]}
`

// doors is a target whose module opens a door: a file in dir, named after the grant. A door
// is open once there is a file "go" beside it.
func (in *installation) doors() (dir string, target doc) {
	tofu, err := filepath.EvalSymlinks(testtools.Binary(in, "tofu"))
	require.NoError(in, err)
	dir, module, key := filepath.Join(in.dir, "doors"), filepath.Join(in.dir, "module"), filepath.Join(in.dir, "terraform.key")
	require.NoError(in, os.MkdirAll(dir, 0o700))
	require.NoError(in, os.MkdirAll(module, 0o700))
	require.NoError(in, os.WriteFile(filepath.Join(module, "main.tf"), []byte(doorModule), 0o600))
	require.NoError(in, os.WriteFile(key, []byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))), 0o600))
	digest, err := exec.Command(binary, "terraform-digest", module).Output()
	require.NoError(in, err)
	return dir, doc{"kind": "terraform", "program": tofu, "directory": filepath.Join(in.dir, "terraform"),
		"keys": []string{"file:" + key}, "modules": doc{"door": doc{"directory": module, "digest": strings.TrimSpace(string(digest)), "adopts": true,
			"variables": doc{"role": doc{"type": "string", "allowed": []string{"reader", "writer"}}}, "fixed": doc{"doors": dir}, "grantVariable": "ramp"}}}
}

// TestTerraform is access by a module, from asking to its end: the approver reads the plan,
// the worker is killed while the program makes what was approved, and at the end nothing is
// left.
func TestTerraform(t *testing.T) {
	t.Parallel()
	in := install(t)
	doors, target := in.doors()

	in.start(nil, "dev", "--without", "server,worker")
	in.configured()
	in.reconfigure(func(c configuration) { c.section("worker", "targets")["terraform/doors"] = target })
	worker := in.start(nil, "worker", "--config", in.config())
	in.start(nil, "server", "--config", in.config()).ready()
	in.contract(in.as("alice"), "door", doorContract)

	r := in.as("alice").asks("door", "10m")
	out, err := in.as("bob").ramp("show", r.ID, "-o", "json")
	require.NoError(t, err, "%s", out)
	for _, shown := range []string{"create module.grant.terraform_data.door", "create module.grant.terraform_data.plate", `role = \"reader\"`, "plan digest"} {
		require.Contains(t, out, shown)
	}
	out, err = in.as("bob").ramp("show", r.ID)
	require.NoError(t, err, "%s", out)
	require.Contains(t, out, "create module.grant.terraform_data.door {")
	in.as("bob").approves(r)
	door := filepath.Join(doors, "ramp-"+r.ID+"-a")
	in.eventually(time.Minute, "the door stands open", func() bool { _, err := os.Stat(door); return err == nil })
	worker.kill()
	require.NoError(t, os.WriteFile(filepath.Join(doors, "go"), nil, 0o600))
	in.start(nil, "worker", "--config", in.config())
	in.as("alice").awaits(r.ID, "active", 2*time.Minute)
	require.FileExists(t, door)
	out, err = in.as("alice").ramp("release", r.ID)
	require.NoError(t, err, "%s", out)
	ended := in.as("alice").awaits(r.ID, "ended", 2*time.Minute)
	require.Equal(t, "released", ended.Outcome)
	require.NoFileExists(t, door)
	left, err := filepath.Glob(filepath.Join(in.dir, "terraform", "*", "ramp-*"))
	require.NoError(t, err)
	require.Empty(t, left)
	pack := filepath.Join(t.TempDir(), "evidence.json")
	out, err = in.as("alice").ramp("evidence", "get", r.ID, "--into", pack)
	require.NoError(t, err, "%s", out)
}
