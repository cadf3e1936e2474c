// Package command is the target of kind exec: a customer's own program on the worker's
// machine, which is run for each call of the protocol of integrations/program. No shell
// reads the call, the program's environment is what the configuration says, and whatever it
// started ends with it at the deadline.
package command
