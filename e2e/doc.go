// Package e2e runs Ramp as its users do: the real binary, real processes, real
// clients, through HTTP, SSH and a browser. It imports nothing of Ramp.
package e2e
