// Package target has the commands for those who write a program or a service that is a
// target of Ramp: they begin one, test it, and print what it says of itself and the protocol.
package target
