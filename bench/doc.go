// Command bench measures Ramp against a floor: a bare Temporal workflow that
// waits for the same things and runs two empty activities, on the same embedded
// Temporal, in the same run, in turns. Absolute times are a machine's; what is
// Ramp's own is the ratio. docs/bench.md says what is measured and why so.
package main
