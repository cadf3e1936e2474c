// Package iterator has the error that ends a list.
package iterator

import "errors"

var Done = errors.New("no more items in iterator")
