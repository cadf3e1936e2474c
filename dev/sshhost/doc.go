// Package demohost is an SSH host inside a process: something real to get access
// to with no infrastructure at all. It enforces the files of package hostfiles
// as OpenSSH would, and more strictly where it does not know an option. It serves
// a small built-in shell over a pretend file system, never the machine's own, and
// listens on loopback only.
//
// It ends sessions by itself: at the expiry that the principals file says, to the
// second; when the line is gone; and at once when told on its control socket.
package sshhost
