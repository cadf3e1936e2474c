package signers

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/hashicorp/vault/api"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/internal/secret"
)

// vaultKey is one version of an Ed25519 key in Vault's transit engine. The
// version is that of the start: a key rotated in Vault signs from the next
// start on, once its new public half is trusted.
type vaultKey struct {
	vault   *api.Client
	mount   string
	name    string
	version string
	public  ed25519.PublicKey
}

func openVault(ctx context.Context, ref string) (*vaultKey, error) {
	mount, name, ok := cutLast(ref, "/")
	if !ok {
		return nil, access.Errorf(access.CodeInvalid, "signing key vault:%s: write it like vault:transit/ramp", access.Clip(ref, 80))
	}
	client, err := secret.NewVaultClient()
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key: %w", err)
	}
	k := &vaultKey{vault: client, mount: mount, name: name}
	found, err := client.Logical().ReadWithContext(ctx, mount+"/keys/"+name)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "signing key in Vault: %w", err)
	}
	if found == nil {
		return nil, access.Errorf(access.CodeInvalid, "Vault has no transit key %s/%s", mount, name)
	}
	if kind, _ := found.Data["type"].(string); kind != "ed25519" {
		return nil, access.Errorf(access.CodeInvalid, "transit key %s/%s is %q, not ed25519", mount, name, kind)
	}
	latest, _ := found.Data["latest_version"].(json.Number)
	versions, _ := found.Data["keys"].(map[string]any)
	version, _ := versions[latest.String()].(map[string]any)
	text, _ := version["public_key"].(string)
	k.version = latest.String()
	if k.public, err = base64.StdEncoding.DecodeString(text); err != nil || len(k.public) != ed25519.PublicKeySize {
		return nil, access.Errorf(access.CodeInvalid, "transit key %s/%s has no public key that can be read", mount, name)
	}
	return k, nil
}

func (k *vaultKey) Public() crypto.PublicKey { return k.public }

func (k *vaultKey) Sign(ctx context.Context, data []byte) ([]byte, error) {
	response, err := k.vault.Logical().WriteWithContext(ctx, k.mount+"/sign/"+k.name, map[string]any{
		"input": base64.StdEncoding.EncodeToString(data), "key_version": k.version})
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "Vault does not sign: %w", err)
	}
	text, _ := response.Data["signature"].(string)
	sig, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, fmt.Sprintf("vault:v%s:", k.version)))
	if err != nil || !ed25519.Verify(k.public, data, sig) {
		return nil, access.Errorf(access.CodeUnavailable, "Vault returned a signature that is not valid under this key")
	}
	return sig, nil
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i <= 0 || i == len(s)-1 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
