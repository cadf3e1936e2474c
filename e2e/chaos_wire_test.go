package e2e

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// front is a proxy before a target that now and then responds in its place.
type front struct {
	server *httptest.Server
	mu     sync.Mutex
	rate   float64 // of calls that meet the fault
	fault  frontFault
	met    map[string]int
}

// frontFault responds to one call; pass gives it to the target.
type frontFault interface {
	meet(w http.ResponseWriter, r *http.Request, pass http.Handler) (met bool)
	name() string
}

func newFront(t *testing.T, target string) *front {
	to, err := url.Parse(target)
	require.NoError(t, err)
	pass := httputil.NewSingleHostReverseProxy(to)
	pass.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	f := &front{met: map[string]int{}}
	f.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		fault := f.fault
		hit := fault != nil && rand.Float64() < f.rate
		f.mu.Unlock()
		if hit && fault.meet(w, r, pass) {
			f.mu.Lock()
			f.met[fault.name()]++
			f.mu.Unlock()
			return
		}
		pass.ServeHTTP(w, r)
	}))
	t.Cleanup(f.server.Close)
	return f
}

func (f *front) address() string { return strings.TrimPrefix(f.server.URL, "http://") }

// set makes a share of calls meet a fault; nil is none.
func (f *front) set(rate float64, fault frontFault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rate, f.fault = rate, fault
}

// answers is a target that does nothing and responds with a fixed failure.
type answers struct {
	what   string
	status int
	body   string
}

func (a answers) name() string { return a.what }

func (a answers) meet(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.body)
	return true
}

// loses is a target that does what it was asked and whose response is lost.
type loses struct{}

func (loses) name() string { return "effect, no reply" }

func (loses) meet(w http.ResponseWriter, r *http.Request, pass http.Handler) bool {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	hangUp(w)
	return true
}

// pretends is a target that says it removed something and does not.
type pretends struct{}

func (pretends) name() string { return "says done, does nothing" }

func (pretends) meet(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	switch {
	case r.Method == http.MethodDelete, strings.Contains(r.URL.Path, "/revoke"): // Vault
		w.WriteHeader(http.StatusNoContent)
		return true
	case r.Method == http.MethodPost && strings.Contains(r.Header.Get("Content-Type"), "urlencoded"): // AWS
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		form, _ := url.ParseQuery(string(b))
		action := form.Get("Action")
		if strings.HasPrefix(action, "Delete") {
			w.Header().Set("Content-Type", "text/xml")
			fmt.Fprintf(w, `<%[1]sResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>0</RequestId></ResponseMetadata></%[1]sResponse>`, action)
			return true
		}
	}
	return false
}

// hangUp ends the connection without a response.
func hangUp(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			c.Close()
		}
	}
}
