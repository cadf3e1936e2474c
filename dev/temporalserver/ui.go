package temporalserver

import (
	"net"
	"strconv"

	uiserver "github.com/temporalio/ui-server/v2/server"
	uiconfig "github.com/temporalio/ui-server/v2/server/config"
	uioptions "github.com/temporalio/ui-server/v2/server/server_options"
)

// UI is a running Temporal UI.
type UI struct {
	Addr   string
	server *uiserver.Server
}

// StartUI starts the Temporal UI on addr, for the server at temporalAddr. The UI
// lets the Ramp server at the base address ramp decode payloads, for operators
// who are logged in there in the same browser. Errors are of code invalid, or
// conflict for a port that is taken.
func StartUI(addr, temporalAddr, ramp string) (*UI, error) {
	host, port, err := reserve(addr)
	if err != nil {
		return nil, err
	}
	s := uiserver.NewServer(uioptions.WithConfigProvider(&uiconfig.Config{
		TemporalGRPCAddress: temporalAddr, Host: host, Port: port, EnableUI: true, DefaultNamespace: Namespace,
		DisableNewsFetch: true, HideLogs: true,
		Codec: uiconfig.Codec{Endpoint: ramp + "/api/v1/codec", IncludeCredentials: true,
			DefaultErrorMessage: "Payloads are encrypted. Operators who log in to Ramp in this browser see them in clear.", DefaultErrorLink: ramp},
		CORS: uiconfig.CORS{CookieInsecure: true}, // it is on loopback, without TLS
	}))
	go func() { _ = s.Start() }()
	return &UI{Addr: net.JoinHostPort(host, strconv.Itoa(port)), server: s}, nil
}

// Stop stops the UI.
func (u *UI) Stop() { u.server.Stop() }
