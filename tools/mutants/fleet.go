package main

// fleets returns the mutants of SSH hosts: of the authority that signs, and of fleets.
func fleets() []mutant {
	const checks = "integrations/sshcert/authority/authority.go"
	const several, calls = "integrations/sshcert/fleet.go", "integrations/sshcert/hostcall/server.go"
	more := []string{"./integrations/sshcert -run TestCase145"}
	down, who := []string{"./integrations/sshcert -run TestCase146HostDownAtTheEnd"}, []string{"./integrations/sshcert -run TestCase146WhoMayCallAHelper"}
	taken := []string{"./integrations/sshcert -run TestCase158"}
	slow := []string{"./integrations/sshcert -run TestCase161"}
	held := []string{"./integrations/sshcert/hostcall -run TestCase159"}
	begins := []string{"./integrations/sshcert -run TestHostDownAtTheStart"}
	return []mutant{
		{"an opening that is under way takes hosts after the end", "integrations/sshcert/fleet.go", "if err := f.begin(ctx, g.Name); err != nil {\n\t\t\tif access", "if err := error(nil); err != nil {\n\t\t\tif access", []string{"./integrations/sshcert -run TestCase146EndedWhileOpening"}},
		{"Vault signs for longer than access lasts", checks, "case cert.ValidBefore > uint64(w.Ends.Unix()):", "case false:", more},
		{"Vault signs for another login", checks, "case cert.KeyId != w.Grant || !slices.Equal(cert.ValidPrincipals, []string{w.Grant}):", "case false:", more},
		{"Vault signs without the forced command", checks, "case !maps.Equal(cert.CriticalOptions, w.criticalOptions()):", "case false:", more},
		{"Vault signs more extensions", checks, "case !maps.Equal(cert.Extensions, w.extensions()):", "case false:", more},
		{"Vault signs somebody else's key", checks, "case !bytes.Equal(cert.Key.Marshal(), w.Key.Marshal()):", "case false:", more},
		{"another authority signs", checks, "case !bytes.Equal(cert.SignatureKey.Marshal(), public.Marshal()):", "case false:", more},
		{"a key that is being signed at the end is not revoked", "integrations/sshcert/mint.go", "return ends, t.dir.Issue(hostfiles.Key{Grant: g.Name, Public: key, ExpiresAt: ends})", "_ = hostfiles.Key{}\n	return ends, nil", []string{"./integrations/sshcert -run TestRevokedWhileSigning"}},
		{"the end is over while a host is down", "integrations/sshcert/fleet_hosts.go", "	if len(o.failed) == 0 {\n		return nil", "	if true {\n		return nil", down},
		{"what a helper cannot send counts as nothing", "integrations/sshcert/hostcall/message.go", `"code":"unavailable","error"`, `"error"`, []string{"./integrations/sshcert/hostcall"}},
		{"a host is opened that the ledger does not know of", several, "		if err := f.holders.Hold(ctx, object(name, g.Name), g.Name); err != nil {\n			if access.CodeOf(err) == access.CodeConflict {\n				return err // it refused before, or the grant is being ended\n			}\n			return &ledgerError{err}\n		}\n", "", down},
		{"a session of a fleet goes on where nobody hears from Ramp", "integrations/sshcert/helper.go", "if !ours || admits(admissions, clock.Now()) {", "if true || !ours || admits(admissions, clock.Now()) {", down},
		{"a host that never heard of a grant holds up its end", several, "		if err := twice(ctx, h.Ping); err != nil {\n			return err\n		}\n		if", "		if", begins},
		{"a group of hosts grows after it was approved", several, "g.Approved != nil && g.Approved.Facts[factHosts] != now", "false && g.Approved.Facts[factHosts] != now", begins},
		{"anybody calls a host's helper", calls, "	if !knows {", "	if false && !knows {", who},
		{"a helper takes any name for a grant's", calls, "	if _, ok := access.RequestIDFromGrantName(g.Name); !ok {", "	if false {", who},
		{"a host has a certificate signed that ends nowhere", "integrations/sshcert/hostcall/client.go", "(!out.EndsAt.After(clock.Now()) ||", "(out.EndsAt.Equal(clock.Now()) ||", []string{"./integrations/sshcert -run TestCase146HostSaysAnEnd"}},
		{"a host that refuses stops every pick-up", "integrations/sshcert/fleet_mint.go", "	if len(ends) == 0 {", "	if len(all.failed) > 0 {", taken},
		{"a host that says nothing holds up every pick-up", "integrations/sshcert/fleet_mint.go", "time.AfterFunc(f.patience, cancel)", "time.AfterFunc(time.Hour, cancel)", taken},
		{"a host shortens the certificate of all", "integrations/sshcert/fleet_mint.go", "slices.MaxFunc(", "slices.MinFunc(", taken},
		{"a host that refuses keeps access from the others", "integrations/sshcert/fleet_hosts.go", "	if len(o.failed) == o.asked {", "	if len(o.failed) > 0 {", taken},
		{"a host whose line was removed ends access on all", "integrations/sshcert/fleet_drift.go", "if int(closed.Load()) == len(hosts) {", "if closed.Load() > 0 {", taken},
		{"who holds a helper's connections keeps workers out", "integrations/sshcert/hostcall/strangers.go", "if s.from[one.source] > s.from[worst.source] {", "if false {", held},
		{"a host of many addresses is many sources", "integrations/sshcert/hostcall/strangers.go", "if at.IsLoopback() || err == nil && to.Addr().Unmap().WithZone(\"\") == at {", "if false && err == nil && to.IsValid() {", held},
		{"a helper takes any number of strangers in", "integrations/sshcert/hostcall/strangers.go", "	if len(s.waiting) > maxStrangers {", "	if false {", held},
		{"a host without room ends its helper", "integrations/sshcert/hostcall/server.go", "return errors.Is(err, full) }):", "return false && errors.Is(err, full) }):", held},
		{"a helper cuts one grant after another", "integrations/sshcert/helper.go", "	group.SetLimit(maxAtOnce)\n	for _, grant := range live {", "	group.SetLimit(1)\n	for _, grant := range live {", []string{"./integrations/sshcert -run TestHelperCutsSideBySide"}},
		{"doctor looks at a key's own directory alone", "integrations/sshcert/rights.go", "	for _, dir := range dirs {", "	for _, dir := range append(dirs[:0], filepath.Dir(g.path)) {", []string{"./integrations/sshcert -run TestRights"}},
		{"a host that an access is not on is not named", "activities/open.go", "	steps = append(steps, left...)\n", "	_ = left\n", []string{"./activities -run TestPartsAreRecorded"}},
		{"a host that has not ended an access is not named", "activities/close.go", "		t.recordNotEnded(ctx, g, err)\n", "", []string{"./activities -run TestPartsAreRecorded"}},
		{"a fleet without one host does not work", "worker/states.go", "	if integrations.Partly(err) != nil {", "	if false && integrations.Partly(err) != nil {", []string{"./worker -run TestTargetThatWorksInPart"}},
		{"a slow host holds up an opening", "integrations/sshcert/fleet_slow.go", "		if lasting.Err() == nil {\n", "		if false && lasting.Err() == nil {\n", slow},
		{"a slow host is said to have the access", several, "|| f.slow.has(g.Name, name) {", "{", slow},
		{"a slow host is left out for good", "integrations/sshcert/fleet_slow.go", "			return all, late\n", "			cancel()\n			return all, late\n", slow},
		{"a slow host that fails is said to have the access", "integrations/sshcert/fleet_slow.go", "			if err == nil {\n				f.slow.opened", "			if true {\n				f.slow.opened", slow},
		{"who has joined since is not said", "activities/open.go", "		go t.recordJoined(ctx, g, missing)\n", "		_ = missing\n", []string{"./activities -run TestSlowPartsJoin"}},
		{"a host that has joined is said to be missing", "access/grant_state.go", "case e.Kind == EventGrantJoined && done == PartlyOpened:", "case false:", []string{"./access -run TestGrantStates"}},
		{"a host keeps Ramp busy with grants that it made up", several, "case len(stray) < maxStray && may(l.Name):", "case len(stray) >= 0:", slow},
		{"a ledger that was set back leaves a host open", "integrations/sshcert/fleet_hosts.go", "	hosts = append(hosts, f.stray.hosts(grant)...)\n", "", []string{"./integrations/sshcert -run TestLedgerForgotAHost"}},
		{"a host makes up other grants in each look, without end", "integrations/sshcert/fleet.go", "len(stray) < maxStray && may(l.Name)", "len(stray) < maxStray", []string{"./integrations/sshcert -run TestCase167"}},
		{"a host's list has any length", "integrations/sshcert/hostcall/client.go", "len(out.Listed) > maxListed {", "len(out.Listed) < 0 {", slow},
		{"a host's list has any size", "integrations/sshcert/hostcall/message.go", "	maxList    = 1 << 20", "	maxList    = 1 << 30", slow},
		{"a host says more than it may by what it lists of others", several, "len(held[object(name, grant)]) > 0 },", "len(held) > 0 },", slow},
		{"a host says of another when access ends there", several, "stray[l.Name] && len(", "false && len(", slow},
		{"a host fills the record with differences", "integrations/sshcert/hostcall/client.go", "more := len(out.Differs) - maxDiffers; more > 0 {", "more := len(out.Differs) - maxDiffers; false && more > 0 {", slow},
		{"a host has sessions on others cut", "integrations/sshcert/fleet_drift.go", "		if err == nil && len(differs) == 0 {", "		if false && err == nil && len(differs) == 0 {", slow},
		{"a host that refused is said to have the access", "integrations/sshcert/fleet.go", "		if refused(err) && !held", "		if false && !held", taken},
		{"opening again on other terms ends what is open", "integrations/sshcert/fleet.go", "		if refused(err) && !held[object(name, g.Name)] {", "		if refused(err) || held[\"\"] {", taken},
		{"an authority signs what has ended", "integrations/sshcert/authority/signer.go", "	if !w.Ends.After(clock.Now()) {", "	if w.Ends.IsZero() && w.Ends.After(clock.Now()) {", []string{"./integrations/sshcert -run TestCase146SignsNoEnd"}},
		{"a helper opens what has ended", calls, "&& !clock.Now().Before(g.ExpiresAt) {", "&& false && !clock.Now().Before(g.ExpiresAt) {", who},
		{"a host poses as another by its own certificate", "integrations/sshcert/fleet_config.go", "checker.CheckHostKey(net.JoinHostPort(strings.ToLower(h.Host), strconv.Itoa(h.Port)), remote, key)", "checker.CheckHostKey(strings.ToLower(remote.String()), remote, key)", who},
		{"a host of a credential is described twice", "cmd/ramp/internal/credential/ssh.go", "if _, twice := found[words[0]]; twice ||", "if _, twice := found[words[0]]; false && twice ||", []string{"./cmd/ramp/internal/people -run TestCase54"}},
	}
}
