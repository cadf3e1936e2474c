// Package review makes the weekly review: from requests as they were recorded it finds
// what is unusual or wider than it is used, each finding with the events that show it
// and, where there is one, a change of the contract. It decides purely: the same
// requests, contracts and thresholds give the same report. Package review/record reads
// the requests out of a ledger.
package review
