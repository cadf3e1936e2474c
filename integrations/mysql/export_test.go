package mysql

import (
	"context"

	"ramp.dev/ramp/integrations"
)

// OpenAround opens a target with something around each exchange with the server.
func (c Config) OpenAround(ctx context.Context, name string, around func(exchange func() error) error) (integrations.Target, error) {
	return c.open(ctx, name, around)
}

// VerifierOf is verifierOf, for the test with MariaDB's own.
func VerifierOf(plugin, password string) string { return verifierOf(plugin, password) }

// NewPassword is newPassword.
func NewPassword() string { return newPassword() }
