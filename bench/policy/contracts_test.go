package policy

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// somebody asks under the contracts below.
var somebody = access.Person{ID: "alice", Kind: access.KindHuman, Groups: []string{"engineering", "team-7", "oncall"}, Attributes: map[string]string{"employment": "employee", "team": "orders"}}

// manyContracts returns files of contracts as a company may have them: each with two
// conditions, two params, two stages and a template, in files of 20.
func manyContracts(n int) map[string][]byte {
	files := map[string][]byte{}
	for i := range n {
		text := fmt.Sprintf(`---
apiVersion: ramp/v1
kind: Contract
metadata: {name: c%[1]d, owner: team-%[2]d, labels: {env: prod}}
description: Read what service %[1]d keeps.
request:
  who: '("engineering" in person.groups || "team-%[2]d" in person.groups) && person.kind == "human" && has(person.employment) && person.employment == "employee"'
  params:
    region: {type: string, enum: [eu, us, ap], required: true}
    folder: {type: string, pattern: '[a-z0-9-]+', default: incoming}
  reason: {minLength: 15}
  ticket: {when: 'duration > duration("1h")', pattern: 'OPS-[0-9]+'}
duration: {default: 30m, max: 4h, justifyOver: 2h}
grants:
  - target: aws/account-%[1]d
    entitlement: {actions: ['s3:GetObject'], resources: ['arn:aws:s3:::service-%[1]d-{{ params.region }}/{{ params.folder }}/*']}
approval:
  stages:
    - {name: owners, from: [team-%[2]d-leads]}
    - {name: security, from: [security], when: 'duration > duration("2h") || params.region == "us"'}
extend: {times: 1, upTo: 6h}
`, i, i%40)
		name := fmt.Sprintf("f%d.yaml", i/20)
		files[name] = append(files[name], text...)
	}
	return files
}

func loaded(b *testing.B, n int) *contracts.Set {
	set, err := contracts.Parse(manyContracts(n))
	if err != nil {
		b.Fatal(err)
	}
	return set
}

func question() contracts.Input {
	return contracts.Input{Person: somebody, Now: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), History: &access.History{Uses: []access.Use{}},
		Request: access.RequestInput{Params: map[string]any{"region": "us"}, Duration: "3h", Ticket: "OPS-1", Reason: "the orders are stuck since two, and the customer waits for us"}}
}

// BenchmarkEvaluate: one evaluation of one request.
func BenchmarkEvaluate(b *testing.B) {
	c, in := loaded(b, 1).Contracts[0], question()
	if err := c.Evaluate(in).Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := cpu()
	for b.Loop() {
		c.Evaluate(in)
	}
	reportCPU(b, began)
}

// BenchmarkLoad: 1,000 contracts read from a directory.
func BenchmarkLoad(b *testing.B) {
	dir := b.TempDir()
	for name, text := range manyContracts(1000) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	began := cpu()
	for b.Loop() {
		if _, err := contracts.LoadDir(dir); err != nil {
			b.Fatal(err)
		}
	}
	reportCPU(b, began)
}

// BenchmarkCatalogue: what one person may ask for among 1,000 contracts, and what the
// contracts keep of the heap.
func BenchmarkCatalogue(b *testing.B) {
	before := heap()
	set := loaded(b, 1000)
	kept := heap() - before
	var took []time.Duration
	b.ReportAllocs()
	used := cpu()
	for b.Loop() {
		began := time.Now()
		if len(set.Offers(contracts.Input{Person: somebody, Now: question().Now})) != 1000 {
			b.Fatal("everybody may ask")
		}
		took = append(took, time.Since(began))
	}
	reportCPU(b, used)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(kept)/(1<<20), "MB-kept")
	runtime.KeepAlive(set)
}

// cpu returns what this process has used of the processors. Other programs disturb it
// less than they do a clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportCPU reports the processors' time of one operation, collection of garbage
// included, since began.
func reportCPU(b *testing.B, began time.Duration) {
	b.ReportMetric(float64((cpu()-began).Microseconds())/float64(b.N), "cpu-µs/op")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkLint: the findings of 1,000 contracts, of which 20 open the same.
func BenchmarkLint(b *testing.B) {
	files := manyContracts(1000)
	for i := range 20 {
		files[fmt.Sprintf("f%d.yaml", 900+i)] = []byte(strings.Replace(string(manyContracts(1)["f0.yaml"]), "name: c0,", fmt.Sprintf("name: same%d,", i), 1))
	}
	set, err := contracts.Parse(files)
	if err != nil {
		b.Fatal(err)
	}
	began := cpu()
	for b.Loop() {
		set.Findings(nil)
	}
	reportCPU(b, began)
}
