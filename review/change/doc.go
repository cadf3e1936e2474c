// Package change makes a proposal of a review in the files of the contracts: it edits the
// words that are concerned and leaves everything else as it is written, comments too, and
// believes the edit only when the contracts are valid again and no other has changed.
package change
