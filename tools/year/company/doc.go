// Package company makes up a company and a year of its access to production, for
// measuring what a review finds: 200 people in 20 teams on three continents, 40
// contracts, shifts, holidays, incidents with what they bring, and ordinary noise. Into
// it are planted anomalies of each kind that package review looks for, each with a label
// that says what it is about. The same seed makes the same year.
package company
