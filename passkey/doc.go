// Package passkey verifies that a person approved exactly one plan with a
// passkey of their own (WebAuthn). Which keys are whose is read from a file that
// the operators keep and no server of Ramp can write, so that anybody who has
// captured a server, with its signing key, can approve nothing.
package passkey
