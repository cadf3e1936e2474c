// Package option would configure Google's clients, of which there are none here.
package option

import "golang.org/x/oauth2"

type ClientOption any

// WithTokenSource returns an option that nobody reads.
func WithTokenSource(oauth2.TokenSource) ClientOption { return nil }
