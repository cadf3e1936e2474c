package sshhost

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"time"

	"ramp.dev/ramp/access"
)

// control is the host's socket for its target: GET /sessions?grant= returns how
// many sessions a grant has, and DELETE cuts them. Everybody whom the
// socket's mode lets open it may use it.
type control struct {
	live     *registry
	listener net.Listener
	server   *http.Server
}

// cutWithin is how long a DELETE waits until the sessions that it cut are gone.
const cutWithin = 5 * time.Second

// maxSocketPath is how long every system lets the path of a socket be, in bytes.
const maxSocketPath = 103

func listenControl(path string, live *registry) (*control, error) {
	if len(path) > maxSocketPath {
		return nil, access.Invalid(access.Issue{Code: "dir_too_long", Field: "dir",
			Message: fmt.Sprintf("%s is %d characters too long for a socket; choose a shorter directory", path, len(path)-maxSocketPath)})
	}
	// A host that was killed leaves its socket; one that runs accepts connections.
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return nil, access.Errorf(access.CodeConflict, "a demo host with this directory is running already")
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, access.Errorf(access.CodeUnavailable, "demo host's control socket: %w", err)
	}
	listener, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600)
	}
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "demo host's control socket: %w", err)
	}
	c := &control{live: live, listener: listener}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sessions", c.count)
	mux.HandleFunc("DELETE /sessions", c.cut)
	c.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	return c, nil
}

func (c *control) serve() { _ = c.server.Serve(c.listener) } // until close

func (c *control) close() {
	c.server.Close()
	c.listener.Close() // in case it never served
}

func (c *control) count(w http.ResponseWriter, r *http.Request) {
	live, _ := c.live.connections(r.URL.Query().Get("grant"))
	writeCount(w, len(live))
}

func (c *control) cut(w http.ResponseWriter, r *http.Request) {
	grant := r.URL.Query().Get("grant")
	deadline := time.After(cutWithin)
	for {
		live, changed := c.live.connections(grant)
		if len(live) == 0 {
			writeCount(w, 0)
			return
		}
		for _, conn := range live {
			go conn.cut()
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		case <-deadline:
			writeCount(w, len(live))
			return
		}
	}
}

// writeCount writes how many sessions there are now.
func writeCount(w http.ResponseWriter, sessions int) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]int{"sessions": sessions})
}
