// Package jsonhttp calls services that speak JSON over HTTP, for the targets that
// are such services. It holds what Ramp must never do, whichever service it is:
// send its own credentials to another address than the configured one, take what
// another server says for the service's own word that nothing is there, hide that
// the service asks for fewer calls, or show a secret in an error.
package jsonhttp
