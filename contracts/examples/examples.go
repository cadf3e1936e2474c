// Package examples holds contracts to start from; `ramp dev` copies Demo into
// its state directory on its first run.
package examples

import "embed"

// Demo are the contracts of the demonstration: access to the SSH host that
// runs inside `ramp dev`.
//
//go:embed *.yaml
var Demo embed.FS
