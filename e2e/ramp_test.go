package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/internal/ports"
)

var binary string

// TestMain builds the binary once, with the failpoints that the crash tests
// kill it at.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "ramp-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "ramp")
	build := exec.Command("go", "build", "-tags", "failpoints", "-o", binary, "../cmd/ramp")
	build.Stdout, build.Stderr = os.Stdout, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "building ramp:", err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// installation is one state directory with fixed ports, on which processes
// start, die and start again.
type installation struct {
	*testing.T
	dir   string
	ports map[string]int
	env   []string // of every process
	named bool     // reached at localhost: browsers have no passkeys for a number
}

// install reserves ports: an outgoing connection would otherwise take one between
// a process's death and its next start.
func install(t *testing.T) *installation {
	lookAtSources(t)
	in := &installation{T: t, dir: t.TempDir(), ports: map[string]int{}}
	for _, name := range []string{"listen", "temporal", "ui", "idp", "ssh"} {
		in.ports[name] = ports.PortForTest(t).Number
	}
	return in
}

func (in *installation) addr(name string) string {
	if in.named && name == "listen" {
		return fmt.Sprintf("localhost:%d", in.ports[name])
	}
	return fmt.Sprintf("127.0.0.1:%d", in.ports[name])
}
func (in *installation) url() string { return "http://" + in.addr("listen") }

// process is one running ramp.
type process struct {
	in   *installation
	cmd  *exec.Cmd
	out  *lockedBuffer
	done chan struct{}
}

// start runs ramp with args; dev takes this installation's ports.
func (in *installation) start(env []string, args ...string) *process {
	in.Helper()
	if args[0] == "dev" {
		args = append(args, "--dir", in.dir, "--listen", in.addr("listen"), "--temporal", in.addr("temporal"),
			"--temporal-ui", in.addr("ui"), "--idp", in.addr("idp"), "--ssh", in.addr("ssh"))
		if !slices.Contains(args, "--postgres") { // one Postgres for each test would be the larger part of it
			args = append(args, "--postgres", "off")
		}
	}
	p := &process{in: in, cmd: exec.Command(binary, args...), out: &lockedBuffer{}, done: make(chan struct{})}
	p.cmd.Env = slices.Concat(os.Environ(), []string{"NO_COLOR=1"}, in.env, env)
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	require.NoError(in, p.cmd.Start())
	go func() { _ = p.cmd.Wait(); close(p.done) }()
	in.Cleanup(func() {
		p.kill()
		if in.Failed() {
			in.Logf("ramp %s said:\n%s", strings.Join(args, " "), p.out.tail(12000))
		}
	})
	return p
}

// ready waits until the server says that everything is.
func (p *process) ready() *process {
	p.in.Helper()
	p.in.eventually(60*time.Second, "ready", func() bool {
		select {
		case <-p.done:
			p.in.Fatalf("ramp ended (%s) instead of getting ready:\n%s", p.cmd.ProcessState, p.out.tail(8000))
		default:
		}
		res, err := http.Get(p.in.url() + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

func (in *installation) eventually(within time.Duration, what string, ok func() bool) {
	in.Helper()
	for deadline := time.Now().Add(within); !ok(); {
		if time.Now().After(deadline) {
			in.Fatalf("not within %s: %s", within, what)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// as is a person of the development identity provider.
func (in *installation) as(name string) *person {
	in.Helper()
	out, err := exec.Command(binary, "dev", "token", name, "--dir", in.dir).Output()
	require.NoError(in, err, "dev token: %s", out)
	return &person{in: in, name: name, token: strings.TrimSpace(string(out))}
}

type person struct {
	in          *installation
	name, token string
}

// request is the part of a request that tests read.
type request struct {
	ID        string `json:"id"`
	Contract  string `json:"contract"`
	State     string `json:"state"`
	Outcome   string `json:"outcome"`
	ExpiresAt string `json:"expiresAt"`
	EndedAt   string `json:"endedAt"`
	Plan      struct {
		Digest string `json:"digest"`
		Grants []struct {
			Name string `json:"name"`
		} `json:"grants"`
	} `json:"plan"`
	Timeline []struct {
		Kind  string    `json:"kind"`
		Actor string    `json:"actor"`
		At    time.Time `json:"at"`
	} `json:"timeline"`
}

// call sends one request and decodes the response into out, whatever its status.
func (p *person) call(method, path string, body, out any) int {
	p.in.Helper()
	status, raw, err := p.try(method, path, body)
	require.NoError(p.in, err)
	if out != nil && len(raw) > 0 {
		require.NoError(p.in, json.Unmarshal(raw, out), "%s %s answered %d: %s", method, path, status, raw)
	}
	return status
}

func (p *person) try(method, path string, body any) (int, []byte, error) {
	return p.tryWith(method, path, body, "")
}

// tryWith sends an idempotency key too, if there is one.
func (p *person) tryWith(method, path string, body any, key string) (int, []byte, error) {
	var r io.Reader
	if body != nil {
		b, _ := json.Marshal(body)
		r = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, p.in.url()+path, r)
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	return res.StatusCode, raw, err
}

// asks for access and must get a pending request.
func (p *person) asks(contract, duration string) request {
	p.in.Helper()
	var r request
	status := p.call("POST", "/api/v1/requests", map[string]any{
		"contract": contract, "duration": duration, "reason": "fix the stuck order " + strconv.Itoa(rand.IntN(1e9))}, &r)
	require.Equal(p.in, http.StatusCreated, status, "%+v", r)
	return r
}

func (p *person) approves(r request) {
	p.in.Helper()
	var problem map[string]any
	status := p.call("POST", "/api/v1/requests/"+r.ID+"/decision",
		map[string]any{"decision": "approve", "planDigest": r.Plan.Digest, "comment": "go"}, &problem)
	require.Equal(p.in, http.StatusOK, status, "%v", problem)
}

func (p *person) sees(id string) request {
	p.in.Helper()
	var r request
	require.Equal(p.in, http.StatusOK, p.call("GET", "/api/v1/requests/"+id, nil, &r))
	return r
}

// awaits polls until the request is in a state; a server that is down is waited for.
func (p *person) awaits(id, state string, within time.Duration) request {
	p.in.Helper()
	var r request
	p.in.eventually(within, id+" is "+state, func() bool {
		status, raw, err := p.try("GET", "/api/v1/requests/"+id, nil)
		return err == nil && status == http.StatusOK && json.Unmarshal(raw, &r) == nil && r.State == state
	})
	return r
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) tail(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-n):]
}
