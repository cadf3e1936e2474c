package server

import (
	"net/http"
	"time"
)

// timeouts keep slow clients from holding what others need.
type timeouts struct{ header, read, write, idle time.Duration }

var defaultTimeouts = timeouts{
	header: 5 * time.Second,
	read:   15 * time.Second,
	write:  45 * time.Second, // longer than any call to Temporal
	idle:   2 * time.Minute,
}

// maxHeader bounds all headers of a request: a token of many groups fits.
const maxHeader = 32 << 10

func (t timeouts) server(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: t.header, ReadTimeout: t.read, WriteTimeout: t.write,
		IdleTimeout: t.idle, MaxHeaderBytes: maxHeader}
}
