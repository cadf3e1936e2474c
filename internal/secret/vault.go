package secret

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
)

// within bounds a call to Vault, its retries included.
const within = 8 * time.Second

// NewVaultClient returns a client of the Vault that the standard VAULT_ variables
// name. A call with it takes 8 s at the most. Errors are CodeInvalid.
func NewVaultClient() (*api.Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, access.Errorf(access.CodeInvalid, "the VAULT_ variables: %w", config.Error)
	}
	config.Timeout = within
	client, err := api.NewClient(config)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the VAULT_ variables: %w", err)
	}
	return client, nil
}

// field is one field of one secret.
type field struct{ ref, path, name string }

var (
	pathShape = regexp.MustCompile(`^[A-Za-z0-9_.@=+-]+(/[A-Za-z0-9_.@=+-]+)+$`)
	nameShape = regexp.MustCompile(`^[^\s#]+$`)
)

func parse(ref string) (field, error) {
	path, name, _ := strings.Cut(strings.TrimPrefix(ref, vaultPrefix), "#")
	dots := strings.Contains("/"+path+"/", "/./") || strings.Contains("/"+path+"/", "/../")
	if !pathShape.MatchString(path) || !nameShape.MatchString(name) || dots {
		return field{}, access.Errorf(access.CodeInvalid, "%s: a secret in Vault is named like vault:MOUNT/PATH#FIELD, with letters, digits and _ . @ = + - between the slashes", access.Clip(ref, 80))
	}
	return field{ref: ref, path: path, name: name}, nil
}

func (f field) read(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	client, err := NewVaultClient()
	if err != nil {
		return "", err
	}
	defer client.CloneConfig().HttpClient.CloseIdleConnections()
	found, err := f.find(ctx, client)
	if err != nil {
		return "", err
	}
	if found == nil || len(found.Data) == 0 {
		return "", f.unavailable("Vault has no such secret, or its latest version was deleted")
	}
	value, ok := found.Data[f.name]
	text, isText := value.(string)
	switch {
	case !ok:
		return "", f.unavailable("the secret is there and has no field of this name")
	case !isText:
		return "", f.unavailable("the field is not text")
	case text == "":
		return "", f.unavailable("the field is empty")
	}
	return text, nil
}

// find returns nil where there is no secret. It asks Vault where the mount's name
// ends and which version of the engine is there, as Vault's own command line does:
// names of mounts may have slashes, and version 2 has another path.
func (f field) find(ctx context.Context, client *api.Client) (*api.KVSecret, error) {
	at, err := client.Logical().ReadWithContext(ctx, "sys/internal/ui/mounts/"+f.path)
	if err != nil {
		return nil, f.failed(err)
	}
	if at == nil {
		return nil, f.unavailable("Vault does not say what is mounted there")
	}
	mount, _ := at.Data["path"].(string)
	kind, _ := at.Data["type"].(string)
	options, _ := at.Data["options"].(map[string]any)
	rest, below := strings.CutPrefix(f.path, mount)
	if mount == "" || !below || kind != "kv" {
		return nil, f.unavailable("there is no KV engine")
	}
	get := client.KVv1(strings.TrimSuffix(mount, "/")).Get
	if options["version"] == "2" {
		get = client.KVv2(strings.TrimSuffix(mount, "/")).Get
	}
	secret, err := get(ctx, rest)
	if errors.Is(err, api.ErrSecretNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, f.failed(err)
	}
	return secret, nil
}

func (f field) unavailable(why string) error {
	return access.Errorf(access.CodeUnavailable, "%s: %s", f.ref, why)
}

// failed repeats only errors of Vault's own: a proxy in between may send anything.
func (f field) failed(err error) error {
	var response *api.ResponseError
	switch {
	case !errors.As(err, &response):
		return access.Errorf(access.CodeUnavailable, "%s: Vault does not answer: %w", f.ref, err)
	case response.StatusCode == 403:
		return f.unavailable("Vault refuses it to the token of VAULT_TOKEN, or there is no such mount")
	case response.RawError:
		return access.Errorf(access.CodeUnavailable, "%s: Vault returned status %d", f.ref, response.StatusCode)
	}
	return access.Errorf(access.CodeUnavailable, "%s: Vault returned status %d: %s", f.ref, response.StatusCode, access.Clip(strings.Join(response.Errors, "; "), 200))
}
