// Package arch holds the rules of Ramp's structure, as tests.
package arch
