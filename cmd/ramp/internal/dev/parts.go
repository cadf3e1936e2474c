//go:build !lean

package dev

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/run"
	"ramp.dev/ramp/config"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/contracts/examples"
	"ramp.dev/ramp/dev/idp"
	"ramp.dev/ramp/dev/sshhost"
	"ramp.dev/ramp/dev/temporalserver"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/contractset"
	"ramp.dev/ramp/integrations/sshcert"
	"ramp.dev/ramp/worker"
	"ramp.dev/ramp/workflows"
)

// dev is the parts of `ramp dev`, started one after the other.
type dev struct {
	options
	home   string // dir, absolute
	log    *logrus.Logger
	issuer string
	mail   string // address of the mail server
	config config.Config
	on     run.Closers
	failed chan error
}

func (d *dev) path(parts ...string) string {
	return filepath.Join(append([]string{d.home}, parts...)...)
}

// prepare makes the directory, its keys and its contracts, and locks the directory
// for this process.
func (d *dev) prepare(context.Context) error {
	d.failed = make(chan error, 2)
	var err error
	if d.home, err = filepath.Abs(d.dir); err != nil {
		return access.Errorf(access.CodeInvalid, "--dir: %w", err)
	}
	if err := os.MkdirAll(d.path("keys"), 0o700); err != nil {
		return access.Errorf(access.CodeInvalid, "--dir: %w", err)
	}
	release, err := holdState(d.home)
	if err != nil {
		return err
	}
	d.on.Add(release)
	for _, name := range []string{"server", "worker"} { // each is told of the other's public key
		signer, err := evidence.LoadOrCreateSigner(d.path("keys", name+".key"))
		if err != nil {
			return err
		}
		if err := signer.WritePublic(d.path("keys", name+".pub")); err != nil {
			return err
		}
	}
	// A directory from before payloads were encrypted stays usable: a payload
	// without a key is read as it is.
	for _, name := range []string{"payload.key", "session.key"} {
		if err := field.CreateKey(d.path("keys", name)); err != nil {
			return err
		}
	}
	if err := d.contracts(); err != nil {
		return err
	}
	return d.changeContracts()
}

// contracts copies the examples on the first run only, since people edit them.
func (d *dev) contracts() error {
	dir := d.path("contracts")
	if err := os.Mkdir(dir, 0o755); errors.Is(err, os.ErrExist) { // #nosec G301 -- contracts are no secret
		return nil
	} else if err != nil {
		return access.Errorf(access.CodeInvalid, "contracts: %w", err)
	}
	files, err := fs.Glob(examples.Demo, "*.yaml")
	if err != nil {
		return err
	}
	for _, name := range files {
		if isForDatabase(name) && !d.hasDatabase() {
			continue
		}
		b, err := examples.Demo.ReadFile(name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil { // #nosec G306 -- contracts are no secret
			return access.Errorf(access.CodeInvalid, "contracts: %w", err)
		}
	}
	return nil
}

func (d *dev) startIDP(context.Context) error {
	p, err := idp.Start(idp.Config{Dir: d.home, Addr: d.idp,
		RedirectURIs: []string{"http://" + d.listen + "/auth/callback"}})
	if err != nil {
		return err
	}
	d.issuer = p.Issuer
	d.on.Add(p.Stop)
	return nil
}

func (d *dev) startTemporal(ctx context.Context) error {
	e, err := temporalserver.Start(ctx, temporalserver.Config{Dir: d.path("temporal"), Addr: d.temporal, SearchAttributes: workflows.SearchAttributes()})
	if err != nil {
		return err
	}
	d.on.Add(func() { _ = e.Stop() })
	ui, err := temporalserver.StartUI(d.temporalUI, e.Addr, "http://"+d.listen, "Status", "Workflow ID", workflows.AttrState.GetName(), workflows.AttrRequester.GetName(),
		workflows.AttrContract.GetName(), workflows.AttrTarget.GetName(), workflows.AttrExpiresAt.GetName(), "Start")
	if err != nil {
		return err
	}
	d.on.Add(ui.Stop)
	d.temporal, d.temporalUI = e.Addr, ui.Addr
	return nil
}

func (d *dev) startHost(ctx context.Context) error {
	h, err := sshhost.Start(ctx, sshhost.Config{Dir: d.path("ssh"), Addr: d.ssh, Log: d.log})
	if err != nil {
		return err
	}
	d.ssh = h.Addr().String()
	d.on.Add(func() { h.Close() })
	host, port := h.Addr().IP.String(), h.Addr().Port
	target := worker.NewTargetConfig("ssh", sshcert.Config{Dir: field.File(d.path("ssh")), Users: []string{"demo"}, Host: host, Port: port,
		HostKey: field.FileOrText(sshhost.HostKeyPath(d.path("ssh"))), Sessions: sshcert.SessionsConfig{Control: field.File(sshhost.ControlPath(d.path("ssh")))}})
	d.config.Worker = worker.Config{Control: true, Targets: map[string]worker.TargetConfig{"ssh/demo": target},
		Reconcile: worker.ReconcileConfig{Every: access.Duration(d.reconcile)}, Notices: d.notices()}
	if d.proposals {
		d.config.Worker.Targets[contractsTarget] = worker.NewTargetConfig("contracts", contractset.Config{})
	}
	return nil
}

func (d *dev) startWorker(ctx context.Context) error {
	return d.service(ctx, "worker", run.StartWorker)
}

func (d *dev) startServer(ctx context.Context) error {
	return d.service(ctx, "server", run.StartServer)
}

// service runs what `ramp server` and `ramp worker` run.
func (d *dev) service(ctx context.Context, name string, start run.StartFunc) error {
	if slices.Contains(d.without, name) {
		return nil
	}
	work, err := run.StartProcess(ctx, d.config, start, &d.on)
	if err != nil {
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := work(ctx); err != nil {
			d.failed <- err
		}
	}()
	d.on.Add(func() { <-done })
	return nil
}
