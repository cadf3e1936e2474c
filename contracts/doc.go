// Package contracts is Ramp's contract language: it reads contracts strictly,
// evaluates a question under one of them purely, and explains the answer.
//
// A condition is satisfied, not satisfied, or could not be evaluated; the last
// never lets anything through. Nothing here reads a clock or does I/O except
// LoadDir and Store.
package contracts
