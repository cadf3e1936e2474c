// Package workercomponent would run the workflows that start workers.
package workercomponent

import "go.uber.org/fx"

// Module adds nothing to Temporal's own worker.
var Module = fx.Options()
