// Package sshhost is the demo host: an SSH host inside a process, so that there is
// something real to get access to without any infrastructure. It enforces the
// files of package hostfiles as OpenSSH would, and more strictly where it does not
// know an option. It serves a small built-in shell over a made-up file system,
// never the machine's own, and listens on loopback only.
//
// It ends sessions by itself: at the expiry in the principals file, to the second;
// when the grant's line is removed; and at once when its control socket says so.
package sshhost
