//go:build tools

// Package vault pins the real Vault server that Ramp's tests start.
package vault

import _ "github.com/hashicorp/vault"
