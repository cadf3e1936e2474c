// Package contracts is Ramp's contract language. It reads contracts strictly
// (Parse, LoadDir, Store), evaluates a request under one of them (Evaluate), and
// says what it found (Evaluation, Explain) and what may be requested (Offers).
//
// A condition is satisfied, not satisfied, or could not be evaluated; the last
// never lets anything through. Everything but LoadDir and Store is pure: it
// reads no clock and does no I/O, so that a recorded request evaluates again to
// the same result.
//
// # Adding a feature
//
// A feature is one part of the language, such as reason or extend, and is one
// file. To add one:
//
//  1. Write NAME.go. It declares a struct whose exported fields, with yaml tags,
//     are the feature's fields in a contract, and whose method section names the
//     mapping they are written in. The other methods are those of the interfaces
//     in features.go that the feature needs: check (what is wrong with what was
//     written), read (its part of the request, typed), admit (whether it may be
//     requested), plan (what it adds to the plan that people approve and Ramp
//     signs), offer (what the catalogue says) and explain (the plan in words).
//  2. Add it to terms and to list, in features.go, at the place where it shall
//     run. If it was refused as planned, delete its row there.
//  3. Give each of its fields a row in docs/contracts.md. A test lists what is
//     missing.
//
// Decoding, unknown fields with suggestions, the JSON Schema and the tables of
// the documentation follow from the struct. A refusal is query.refuse; a
// condition goes through query.evaluate, which puts it into the trace. A
// feature that adds a new fact to the plan or to the catalogue adds a field to
// access.Plan or Offer: those are what others read.
package contracts
