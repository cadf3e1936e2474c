package config

import (
	"context"
	"net"
	"time"

	"github.com/sirupsen/logrus"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/sdklog"
)

// Temporal says where Temporal is and how it is reached: in clear only where
// there is neither TLS nor a key. A file without it leaves that to Temporal's own
// environment variables and profile (TEMPORAL_ADDRESS and so on).
type Temporal struct {
	Address   string       `yaml:"address"`
	Namespace string       `yaml:"namespace"`
	TLS       *TLS         `yaml:"tls,omitempty"`    // `{}` is TLS too
	APIKey    field.Secret `yaml:"apiKey,omitempty"` // a bearer token, read for every call; with it there is always TLS
}

func (t Temporal) validate() (issues access.Issues) {
	if _, _, err := net.SplitHostPort(t.Address); err != nil {
		issues.Add("address_malformed", "temporal.address", "an address such as temporal.example.com:7233 is needed")
	}
	if t.Namespace == "" {
		issues.Add("namespace_missing", "temporal.namespace", "the namespace is needed, such as default")
	}
	return append(issues, t.validateSecurity()...)
}

// validateTemporal checks what the file says of Temporal, or where it says
// nothing, what the environment does.
func (c Config) validateTemporal() (issues access.Issues) {
	if !c.temporalFromEnvironment() {
		return c.Temporal.validate()
	}
	if _, err := environmentOptions(); err != nil {
		issues.Add("temporal_missing", "temporal", "%s", err)
	}
	return issues
}

// temporalFromEnvironment reports whether the file leaves Temporal to the
// environment. It is all or nothing: a variable of somebody's shell never changes
// what a file says.
func (c Config) temporalFromEnvironment() bool {
	return !c.Has("temporal") && c.Temporal == Temporal{}
}

// environmentOptions reads Temporal's own variables and profile, as its command
// line does. An API key there is read once; one that is rotated belongs in the
// file, as temporal.apiKey. Errors are CodeInvalid.
func environmentOptions() (client.Options, error) {
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{ConfigFileStrict: true})
	switch {
	case err != nil:
		return options, access.Errorf(access.CodeInvalid, "Temporal's environment variables or profile: %w", err)
	case options.HostPort == "":
		return options, access.Errorf(access.CodeInvalid, "write temporal.address and temporal.namespace, or set TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE")
	case options.Namespace == "":
		return options, access.Errorf(access.CodeInvalid, "TEMPORAL_ADDRESS is set; TEMPORAL_NAMESPACE is needed too")
	case options.Credentials != nil && options.ConnectionOptions.TLS == nil:
		return options, access.Errorf(access.CodeInvalid, "TEMPORAL_API_KEY without TLS would travel in clear: TEMPORAL_TLS must not be false")
	}
	return options, nil
}

func (c Config) temporalOptions() (client.Options, error) {
	if c.temporalFromEnvironment() {
		return environmentOptions()
	}
	options := client.Options{HostPort: c.Temporal.Address, Namespace: c.Temporal.Namespace}
	var err error
	options.ConnectionOptions.TLS, options.Credentials, err = c.Temporal.security()
	return options, err
}

// TemporalNamespace returns the namespace that DialTemporal would use; empty if
// none is configured.
func (c Config) TemporalNamespace() string {
	options, _ := c.temporalOptions()
	return options.Namespace
}

// DialTemporal waits for Temporal until ctx ends, since processes start in any
// order. Errors are CodeInvalid for a configuration that cannot be used, and
// CodeUnavailable.
func (c Config) DialTemporal(ctx context.Context) (client.Client, error) {
	options, err := c.temporalOptions()
	if err != nil {
		return nil, err
	}
	options.Logger = sdklog.New(logrus.StandardLogger())
	payloads, err := c.Keys.Codec(ctx)
	if err != nil {
		return nil, err
	}
	options.DataConverter = codec.Plain()
	if payloads != nil {
		options.DataConverter, options.FailureConverter = payloads.Converters()
	}
	for logged := false; ; logged = true {
		temporal, err := client.DialContext(ctx, options)
		if err == nil {
			return temporal, nil
		}
		if !logged {
			logrus.WithError(err).WithField("address", options.HostPort).Warn("waiting for Temporal")
		}
		select {
		case <-ctx.Done():
			return nil, access.Errorf(access.CodeUnavailable, "Temporal at %s: %w", options.HostPort, err)
		case <-time.After(time.Second):
		}
	}
}
