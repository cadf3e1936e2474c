package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
)

// options are the flags.
type options struct {
	long    bool
	output  string
	only    string
	sides   string
	rounds  int
	n       int
	profile string
	dir     string
	life    time.Duration

	postgres   bool
	statements string
}

func main() {
	logrus.SetLevel(logrus.ErrorLevel)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) > 1 && os.Args[1] == childCommand {
		exit(child(ctx, os.Args[2:]))
	}
	var o options
	flag.BoolVar(&o.long, "long", false, "the full numbers, which take about an hour")
	flag.StringVar(&o.output, "o", "table", "table, markdown (the figures that docs/bench.md has) or json")
	flag.StringVar(&o.only, "only", "", "measure only these, by comma: "+strings.Join(names(), ", "))
	flag.StringVar(&o.sides, "sides", strings.Join(allSides(), ","), "measure only these sides, by comma: a profile then is one side's")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of each, in turns")
	flag.IntVar(&o.n, "n", 0, "how many sleepers there are in the measurement sleepers; 20,000 if zero, 100,000 with -long. How many events in the measurement record; 100,000 if zero, a million with -long")
	flag.StringVar(&o.profile, "cpuprofile", "", "write a CPU profile of everything in this process, or of the sleepers asleep; with -postgres one of each process, whose name is added")
	flag.DurationVar(&o.life, "life", lifetime, "how long access lasts in idle and throughput; longer on a machine that is busy with other things")
	flag.StringVar(&o.dir, "dir", "", "where to keep databases; a directory that is removed afterwards if empty")
	flag.BoolVar(&o.postgres, "postgres", false, "Postgres for Temporal and ledger, and a process for each part, instead of one process with SQLite: "+strings.Join(withPostgres(), ", "))
	flag.StringVar(&o.statements, "statements", "", "with -postgres: append to this file which statements Postgres ran in each round of throughput")
	flag.BoolVar(&encrypted, "payload-keys", false, "encrypt all payloads of all sides, as ramp dev does and an installation that has payload keys")
	flag.Parse()
	exit(run(ctx, o, os.Stdout))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// measurement is one thing that is measured.
type measurement struct {
	name string
	do   func(context.Context, *bench) error
}

func measurements() []measurement {
	return []measurement{
		{"history", measureHistory},
		{"idle", measureIdle},
		{"throughput", measureThroughput},
		{"expiry", measureExpiry},
		{"minute", measureMinute},
		{"sleeping", measureSleeping},
		{"recovery", measureRecovery},
		{noticesName, measureNotices},
		{slackName, measureSlack},
		{recordName, measureRecord},
		{crowdName, measureCrowd},
	}
}

// crowdName, slackName and recordName are measured only where they are named.
const crowdName = "sleepers"

// withPostgres are the measurements that -postgres allows: the others kill and start
// processes of their own.
func withPostgres() []string { return []string{"history", "idle", "throughput", "expiry", "minute"} }

func names() (out []string) {
	for _, m := range measurements() {
		out = append(out, m.name)
	}
	return out
}

// bench is a run.
type bench struct {
	options
	table        *table
	installation *installation // for what needs no process of its own
	pace         time.Duration // how long a whole life took in the warm-up, the slower side's
}

// size chooses between the two forms.
func (b *bench) size(short, long int) int {
	if b.long {
		return long
	}
	return short
}

func (b *bench) say(format string, args ...any) { progress(format, args...) }

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...) }

// startProfile starts a CPU profile, if one is named.
func startProfile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	f, err := os.Create(path) // #nosec G304 -- the person who runs the bench names it
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() { pprof.StopCPUProfile(); _ = f.Close() }, nil // a profile that was cut off shows
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	var only []string
	if o.only != "" {
		only = strings.Split(o.only, ",")
	}
	for _, name := range only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("-only %s: known are %s", name, strings.Join(names(), ", "))
		}
	}
	form, start := "short form", startTemporal
	if o.long {
		form = "long form"
	}
	if o.postgres {
		if only == nil {
			only = withPostgres()
		}
		for _, name := range only {
			if !slices.Contains(withPostgres(), name) {
				return fmt.Errorf("-postgres measures %s, not %s", strings.Join(withPostgres(), ", "), name)
			}
		}
		form, start = form+", on Postgres", func(ctx context.Context, _ string, names ...string) (*installation, error) {
			return startProcesses(ctx, o, names...)
		}
	}
	if encrypted {
		form += ", payloads encrypted"
	}
	sides := strings.Split(o.sides, ",")
	for _, name := range sides {
		if !slices.Contains(allSides(), name) {
			return fmt.Errorf("-sides %s: known are %s", name, strings.Join(allSides(), ", "))
		}
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "ramp-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(o.dir)
	}
	b := &bench{options: o, table: newTable(form)}
	alone := map[string]func(context.Context, *bench) error{crowdName: measureCrowd, noticesName: measureNotices, slackName: measureSlack, recordName: measureRecord} // without this process's Temporal
	if len(only) == 1 && alone[only[0]] != nil {
		if err := alone[only[0]](ctx, b); err != nil {
			return err
		}
		return b.show(out)
	}
	if b.installation, err = start(ctx, o.dir, sides...); err != nil {
		return err
	}
	defer b.installation.stop()
	if err := b.warmUp(ctx); err != nil {
		return err
	}
	stop, err := startProfile(o.profile)
	if err != nil {
		return err
	}
	defer stop()
	for _, m := range measurements() {
		if len(only) > 0 && !slices.Contains(only, m.name) || len(only) == 0 && slices.Contains([]string{crowdName, slackName, recordName}, m.name) {
			continue
		}
		b.say("%s …", m.name)
		if err := m.do(ctx, b); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", m.name, err), b.show(out)) // what was measured before it counts
		}
	}
	return b.show(out)
}

// show writes what was measured.
func (b *bench) show(out io.Writer) error {
	if b.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(b.table)
	}
	if b.output == "markdown" {
		return b.table.markdown(out)
	}
	return b.table.print(out)
}
