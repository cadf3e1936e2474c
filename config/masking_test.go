package config

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts"
	"ramp.dev/ramp/facts/source"
	"ramp.dev/ramp/feed/webhooks"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/worker"
)

// TestPasswordsInTheAddressAreMasked: whatever way a password got into the file,
// showing the file does not show it.
func TestPasswordsInTheAddressAreMasked(t *testing.T) {
	for _, url := range []string{
		"postgres://ramp:hunter2@db/ramp", "postgres://db/ramp?user=ramp&password=hunter2",
		"postgres://ramp:hunter2@db:bad port/ramp", `"host=db password='a b\\'hunter2 c' user=ramp"`, `"host=db PASSWORD = 'a hunter2"`, "'host=db password=hunter2 user=ramp'", "\"postgres://ramp:hunter2@\\u007f/ramp\"",
	} {
		text := regexp.MustCompile(`url: postgres.*`).ReplaceAllLiteralString(goodConfig, "url: "+url)
		path := configFile(t, text)
		c, err := Load(path)
		require.NoError(t, err)
		require.NotContains(t, fmt.Sprintf("%+v", c), "hunter2", url)
		out := shown(t, path)
		require.NotContains(t, out, "hunter2", url)
		require.Contains(t, out, "VAULT_TOKEN_RAMP", "references are shown")
	}
}

// everySecret is a configuration in which each field that can hold a secret was
// given one in clear, and how many there are.
func everySecret() (Config, int) {
	var c Config
	c.Worker.Targets = map[string]worker.TargetConfig{}
	for kind, own := range worker.Kinds() {
		c.Worker.Targets[kind+"/main"] = worker.NewTargetConfig(kind, own)
	}
	// Maps are filled where they have an entry.
	c.Server.Facts = map[string]facts.Config{"s": {Config: source.Config{Calendars: map[string]field.Secret{"db": {}}}}}
	c.Worker.Notices.Tickets = map[string]facts.Config{"s": {}}
	c.Worker.Webhooks = map[string]webhooks.Config{"s": {}}
	c.Worker.Sinks = map[string]sinks.Config{"s": {}}
	n := 0
	writeOut(reflect.ValueOf(&c).Elem(), &n)
	return c, n
}

func writeOut(v reflect.Value, n *int) {
	switch v.Interface().(type) {
	case field.Secret:
		v.Set(reflect.ValueOf(field.ParseSecret("hunter2")))
		*n++
		return
	case field.URL:
		v.Set(reflect.ValueOf(field.ParseURL("postgres://ramp:hunter2@db/ramp")))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		writeOut(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		writeOut(v.Index(0), n)
	case reflect.Interface, reflect.Map:
		for _, k := range keys(v) {
			into := reflect.New(reflect.TypeOf(inside(v, k).Interface())).Elem()
			into.Set(inside(v, k))
			writeOut(into, n)
			if k.IsValid() {
				v.SetMapIndex(k, into)
			} else {
				v.Set(into)
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() && v.Type().Field(i).IsExported() {
				writeOut(v.Field(i), n)
			}
		}
	}
}

// keys returns a map's keys; for an interface, one invalid key that stands for the
// value in it.
func keys(v reflect.Value) []reflect.Value {
	if v.Kind() == reflect.Map {
		return v.MapKeys()
	}
	if v.IsNil() {
		return nil
	}
	return []reflect.Value{{}}
}

func inside(v, key reflect.Value) reflect.Value {
	if key.IsValid() {
		return v.MapIndex(key)
	}
	return v.Elem()
}

// TestNoFieldShowsASecret: a secret that was written where its reference belongs
// is in no encoding of the configuration and in no message about it, and is
// refused, whichever field it is.
func TestNoFieldShowsASecret(t *testing.T) {
	c, n := everySecret()
	require.GreaterOrEqual(t, n, 7)
	require.Len(t, field.Secrets(c), n, "the walk misses a field")
	require.NotContains(t, encoded(t, yaml.Marshal, c), "hunter2")
	require.NotContains(t, encoded(t, json.Marshal, c), "hunter2")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, c), "hunter2", verb)
	}
	refused := map[string]bool{}
	for _, is := range c.Validate(Parts{Server: true, Worker: true}) {
		require.NotContains(t, is.String(), "hunter2")
		if strings.Contains(is.Message, "never written") {
			refused[is.Field] = true
		}
	}
	require.Len(t, refused, n, "%v", refused)
}

func encoded(t *testing.T, marshal func(any) ([]byte, error), c Config) string {
	b, err := marshal(c)
	require.NoError(t, err)
	return string(b)
}

// TestWhatIsNamedLikeASecretIsOne: a field whose name says secret is of the type
// that hides it, or holds none.
func TestWhatIsNamedLikeASecretIsOne(t *testing.T) {
	name := regexp.MustCompile(`(?i)(secret|password|token|credential|payload|key)[a-z]*$`)
	none := map[string]string{
		"temporal.tls.keyFile": "a path", "keys.signer": "a path, or a key that never leaves its keeper", "keys.worker": "the same",
		"keys.passkeys": "a path to public keys", "ssh.hostKey": "a public key", "passkeyApprovals": "a number",
		"ssh.authority.publicKey": "a public key", "sshfleet.authority.publicKey": "a public key", "sshfleet.hosts.hostKey": "a public key",
		"ssh.authority.kms.key": "the name of a key that never leaves KMS", "sshfleet.authority.kms.key": "the same", "sshfleet.helperKey": "a path",
		"vault.secrets": "the paths of dynamic secrets, by name",
	}
	for _, f := range leaves() {
		if name.MatchString(f.path) && none[f.path] == "" {
			require.Equal(t, reflect.TypeFor[field.Secret](), f.kind, "%s may hold a secret: let it be a field.Secret", f.path)
		}
	}
}
