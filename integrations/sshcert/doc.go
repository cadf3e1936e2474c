// Package sshcert is the target for SSH hosts: OpenSSH's sshd, or the demo host of
// package dev/sshhost. Access needs two things, each with an expiry of its own:
//
//   - a certificate, signed by Ramp's authority for a key made at pick-up, whose
//     one principal is the grant's name and not a login;
//   - a line in the host's principals file that admits that name to one login.
//
// A stolen authority key opens nothing without a line, and a line nothing without
// a certificate. The grant is the line. Revoking removes it, puts the keys that
// were issued for it on the host's revoked list, and cuts live sessions. The
// worker runs on the host, or where the host's directory is mounted.
//
// Config.HostConfig returns what an sshd needs (OpenSSH 9.1 or newer, Linux).
package sshcert
