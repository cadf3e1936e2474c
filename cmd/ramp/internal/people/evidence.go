package people

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/cmd/ramp/internal/output"
	"ramp.dev/ramp/cmd/ramp/internal/sample"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/passkey"
)

func evidenceCommand() *cobra.Command {
	c := &cobra.Command{Use: "evidence", Short: "Fetch and verify the evidence of one request"}
	c.AddCommand(evidenceGetCommand(), evidenceVerifyCommand())
	return c
}

func evidenceGetCommand() *cobra.Command {
	var s session
	var file string
	c := &cobra.Command{
		Use: "get REQUEST", Short: "Fetch everything about a request as one file", Args: cobra.MaximumNArgs(1),
		Example: "  ramp evidence get 0123456789abcdef --into evidence.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, id, err := s.request(args)
			if err != nil {
				return err
			}
			b, err := c.Evidence(cmd.Context(), id)
			if err != nil {
				return err
			}
			if file == "" {
				_, err = cmd.OutOrStdout().Write(b)
				return err
			}
			if err := os.WriteFile(file, b, 0o600); err != nil {
				return access.Errorf(access.CodeInvalid, "--into: %w", err)
			}
			return nil
		},
	}
	s.requestFlags(c)
	c.Flags().StringVar(&file, "into", "", "the file to write; standard output if left out")
	return c
}

func evidenceVerifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use: "verify FILE", Short: "Verify an evidence file, or a sample of many, offline", Args: cobra.ExactArgs(1),
		Long: "Recomputes everything that the file claims with nothing but public keys: no network, no Ramp. Of a sample\n" +
			"(`ramp audit pack`) it verifies every pack, and that the pages say what the packs prove. The exit code is 4 if a\n" +
			"single check fails, and 9 if everything is proven and access outlasted its end.",
		Example: "  ramp evidence verify evidence.json --key server.pub --worker-key worker.pub\n" +
			"  ramp evidence verify evidence.json --key server.pub --worker-key worker.pub --witness witnesses.txt --cosigned 2\n" +
			"  ramp evidence verify evidence.json --key server.pub --worker-key eu.pub=ssh/orders,vault/main --worker-key us.pub=aws/prod",
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	}
	f.format.Flag(c)
	f.keyFlags(c)
	f.witnesses.add(c)
	return c
}

// verifyFlags are those of `ramp evidence verify`: whom the auditor trusts.
type verifyFlags struct {
	format        output.Format
	keys, workers []string
	passkeys      string
	witnesses     witnessFlags
}

func (f *verifyFlags) keyFlags(c *cobra.Command) {
	c.Flags().StringSliceVar(&f.keys, "key", nil, "files with the public keys (PEM) of the servers that you trust")
	c.Flags().StringArrayVar(&f.workers, "worker-key", nil, "a file with the public key (PEM) of workers that you trust; behind it, =TARGET,… names the targets for which it counts")
	c.Flags().StringVar(&f.passkeys, "passkeys", "", "the file of passkeys, for requests that were approved with them")
}

// load reads the keys of servers and workers.
func (f *verifyFlags) load() (servers, workers evidence.Keyring, err error) {
	if len(f.keys) > 0 && len(f.workers) == 0 {
		return servers, workers, access.Errorf(access.CodeInvalid, "the workers' public key is needed, since only they can say what was opened and closed: --worker-key FILE (in development .ramp/keys/worker.pub)")
	}
	if servers, err = serverKeys(f.keys); err != nil {
		return servers, workers, err
	}
	if workers, err = workerKeys(f.workers); err != nil {
		return servers, workers, err
	}
	if f.passkeys != "" {
		enrolled, err := passkey.Load(f.passkeys)
		if err != nil {
			return servers, workers, err
		}
		servers = servers.WithPasskeys(enrolled)
	}
	return servers, workers, nil
}

func (f *verifyFlags) run(cmd *cobra.Command, file string) error {
	servers, workers, err := f.load()
	if err != nil {
		return err
	}
	witnesses, err := f.witnesses.read()
	if err != nil {
		return err
	}
	r, err := os.Open(file)
	if err != nil {
		return access.Errorf(access.CodeInvalid, "evidence pack: %w", err)
	}
	defer r.Close()
	if sample.IsArchive(r) {
		if len(witnesses.Witnesses) > 0 {
			return access.Errorf(access.CodeInvalid, "--witness: witnesses are not counted for a sample; verify each of its packs by itself")
		}
		return f.verifySample(cmd, r, servers, workers)
	}
	pack, err := evidence.ReadPack(r)
	if err != nil {
		return err
	}
	report := pack.VerifyWitnessed(servers, workers, witnesses)
	if err := f.format.Print(cmd.OutOrStdout(), report, reportTable(report)); err != nil {
		return err
	}
	if !report.Proven() {
		return access.Errorf(access.CodeEvidence, "not proven")
	}
	if !report.InTime() {
		return ErrLate
	}
	return nil
}

// ErrLate is the error of a pack that proves that access outlasted its end. The report
// was printed.
var ErrLate = errors.New("access outlasted its end")

// workerKeys loads FILE or FILE=TARGET,… each: a key that counts for every target, or
// for those alone.
func workerKeys(flags []string) (ring evidence.Keyring, err error) {
	for _, flag := range flags {
		file, names, bound := strings.Cut(flag, "=")
		var targets []string
		if bound {
			targets = strings.Split(names, ",")
		}
		if slices.Contains(targets, "") {
			return ring, access.Errorf(access.CodeInvalid, "--worker-key %s: the name of a target is empty", access.Clip(flag, 100))
		}
		pub, err := evidence.LoadPublicKey(file)
		if err != nil {
			return ring, err
		}
		ring = ring.With(pub, targets...)
	}
	return ring, nil
}

// reportTable prints each check on a line, then the verdict.
func reportTable(r evidence.Report) func(io.Writer) {
	return func(w io.Writer) {
		fmt.Fprintf(w, "Request %s\n\n", output.Clean(r.RequestID))
		rows := [][]string{}
		for _, c := range r.Checks {
			mark := "ok"
			switch {
			case !c.OK:
				mark = "FAILED"
			case c.Open:
				mark = "so far"
			}
			rows = append(rows, []string{mark, c.Name, output.Clean(c.Detail)})
		}
		output.Table(w, rows)
		verdict := "PROVEN"
		switch {
		case !r.Proven():
			verdict = "NOT PROVEN"
		case r.Conclusion == evidence.ProvenEndedLate:
			verdict = fmt.Sprintf("PROVEN, ended %s late", r.Late)
		case r.Conclusion == evidence.ProvenOverdue:
			verdict = fmt.Sprintf("PROVEN, and open %s after its end", r.Late)
		}
		fmt.Fprintf(w, "\n%s. %s\n", verdict, output.Clean(r.Summary))
	}
}
