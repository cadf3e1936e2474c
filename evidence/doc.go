// Package evidence makes and checks what Ramp's power rests on: plans,
// decisions and orders signed by the server (DSSE, Ed25519), and credentials
// sealed to a key that only the requester's client holds (HPKE).
package evidence
