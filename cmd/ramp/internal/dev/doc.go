// Package dev has `ramp dev`: all of Ramp in one process, on loopback, with
// made-up people. The build tag lean leaves everything of it out but the command,
// which then says so.
package dev
