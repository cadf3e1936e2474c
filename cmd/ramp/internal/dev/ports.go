//go:build !lean

package dev

import (
	"context"
	"errors"
	"net"
	"slices"
	"syscall"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/auth"
)

// ports tries every port before anything starts, and names all that are
// taken. It holds each until the last is tried, so that it also finds a port that
// was given twice. Errors are CodeConflict for a port that is taken, and CodeInvalid
// for an address that is malformed or not of loopback: anybody can be anybody here.
func (o options) ports(context.Context) error {
	ports := []struct{ flag, addr, whose, other string }{
		{"--listen", o.listen, "Ramp", "some other web server"},
		{"--temporal", o.temporal, "Temporal", "`temporal server start-dev`"},
		{"--temporal-ui", o.temporalUI, "the Temporal UI", "`temporal server start-dev`"},
		{"--idp", o.idp, "the identity provider", "some other web server"},
		{"--ssh", o.ssh, "the demo host", "some other SSH server"},
		{"--postgres", o.postgres, "the demo Postgres", "some other Postgres"},
	}
	var issues []access.Issue
	code := access.CodeConflict
	for _, p := range ports {
		if p.flag == "--listen" && slices.Contains(o.without, "server") || p.flag == "--postgres" && !o.hasDatabase() {
			continue
		}
		if host, port, err := net.SplitHostPort(p.addr); err == nil && !auth.Loopback(host) {
			code = access.CodeInvalid
			issues = append(issues, access.Issue{Code: "not_loopback", Field: p.flag,
				Message: p.addr + " is no loopback address: `ramp dev` serves this machine only, such as 127.0.0.1:" + port})
			continue
		}
		l, err := net.Listen("tcp", p.addr)
		if err == nil {
			defer l.Close()
			continue
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			code = access.CodeInvalid
			issues = append(issues, access.Issue{Code: "address_unusable", Field: p.flag, Message: err.Error()})
			continue
		}
		_, port, _ := net.SplitHostPort(p.addr)
		issues = append(issues, access.Issue{Code: "port_taken", Field: p.flag,
			Message: p.addr + ", for " + p.whose + ", is taken: by another `ramp dev`, perhaps, or " + p.other +
				" (`lsof -i :" + port + "` tells). Choose another: " + p.flag + " 127.0.0.1:PORT"})
	}
	if len(issues) == 0 {
		return nil
	}
	return &access.Error{Code: code, Issues: issues}
}
