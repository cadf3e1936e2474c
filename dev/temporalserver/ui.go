package temporalserver

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"time"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// UI is a running Temporal UI.
type UI struct {
	Addr   string
	server *uiserver.Server
	front  *http.Server
	ports  reservations
	served chan struct{} // closed when the front listens no more
}

// StartUI starts the Temporal UI on addr, for the server at temporalAddr. The UI
// lets the Ramp server at the base address ramp decode payloads, for operators
// who are logged in there in the same browser. The list of workflows has the given
// columns. Errors are of code invalid, or conflict for a port that is taken.
func StartUI(addr, temporalAddr, ramp string, columns ...string) (_ *UI, err error) {
	var reserved reservations
	defer func() {
		if err != nil {
			reserved.release()
		}
	}()
	host, port, err := reserved.at(addr)
	if err != nil {
		return nil, err
	}
	behind, err := reserved.port(host)
	if err != nil {
		return nil, err
	}
	s := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: temporalAddr, Host: host, Port: behind, EnableUI: true, DefaultNamespace: Namespace,
		DisableNewsFetch: true, HideLogs: true,
		Codec: uiconfig.Codec{Endpoint: ramp + "/api/v1/codec", IncludeCredentials: true,
			DefaultErrorMessage: "Payloads are encrypted. Operators who log in to Ramp in this browser see them in clear.", DefaultErrorLink: ramp},
		CORS: uiconfig.CORS{CookieInsecure: true}, // it is on loopback, without TLS
	}))
	go func() { _ = s.Start() }()
	u := &UI{Addr: net.JoinHostPort(host, strconv.Itoa(port)), server: s, ports: reserved, served: make(chan struct{})}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: net.JoinHostPort(host, strconv.Itoa(behind))})
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) } // most are pages that somebody left
	u.front = &http.Server{Addr: u.Addr, ReadHeaderTimeout: 10 * time.Second, Handler: oneName(u.Addr, withColumns(columns, proxy))}
	go func() { _ = u.front.ListenAndServe(); close(u.served) }()
	return u, nil
}

// oneName redirects to addr those who come under another name of this machine, such
// as localhost. A browser keeps the cookies of each name apart, so the UI could not
// have payloads decoded there for somebody who is logged in to Ramp under this one.
func oneName(addr string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host == addr {
			next.ServeHTTP(w, r)
			return
		}
		to := *r.URL
		to.Scheme, to.Host = "http", addr
		http.Redirect(w, r, to.String(), http.StatusTemporaryRedirect) // #nosec G710 -- to addr, which is configured
	})
}

// Stop stops the UI.
func (u *UI) Stop() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = u.front.Shutdown(ctx)
	<-u.served
	u.server.Stop()
	u.ports.release()
}
