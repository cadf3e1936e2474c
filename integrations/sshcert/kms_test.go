package sshcert

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/sshcert/authority"
	"ramp.dev/ramp/integrations/targettest"
)

// inKMS returns an authority in AWS KMS, which is moto's, and the way to make more keys.
func inKMS(t *testing.T) (*authority.Config, func(types.KeySpec) (id, public string)) {
	s := awstest.Start(t)
	s.Setenv(t)
	where := awsapi.Config{Region: awstest.Region, Account: awstest.Account, Endpoint: s.Endpoint}
	sdk, err := where.Load(context.Background(), nil)
	require.NoError(t, err)
	client := kms.NewFromConfig(sdk)
	made := func(spec types.KeySpec) (string, string) {
		key, err := client.CreateKey(context.Background(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
		require.NoError(t, err)
		public, err := client.GetPublicKey(context.Background(), &kms.GetPublicKeyInput{KeyId: key.KeyMetadata.KeyId})
		require.NoError(t, err)
		// As docs/targets/ssh.md says.
		file := filepath.Join(t.TempDir(), "pem")
		require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public.PublicKey}), 0o600))
		out, err := exec.Command("ssh-keygen", "-i", "-m", "PKCS8", "-f", file).Output()
		require.NoError(t, err)
		return aws.ToString(key.KeyMetadata.KeyId), strings.TrimSpace(string(out))
	}
	id, public := made(types.KeySpecEccNistP256)
	return &authority.Config{PublicKey: field.FileOrText(public), KMS: &authority.KMS{Config: where, Key: id}}, made
}

// TestConformanceAuthorityInKMS: a real sshd trusts a key that only KMS has.
func TestConformanceAuthorityInKMS(t *testing.T) {
	signs, _ := inKMS(t)
	c, me := startOpenSSH(t, func(c *Config) { c.Authority = signs })
	require.NoFileExists(t, filepath.Join(string(c.Dir), "ca"), "there is no private key on this machine")
	targettest.Run(t, openSSHHarness(t, c, me))
}

// TestCase145AnotherKeyInKMS: a key that is not the one that hosts trust signs nothing that
// is handed out; nor does one that is not there.
func TestCase145AnotherKeyInKMS(t *testing.T) {
	signs, made := inKMS(t)
	another, _ := made(types.KeySpecEccNistP256)
	for key, want := range map[string]access.Code{signs.KMS.Key: "", another: access.CodeUnavailable, "alias/none": access.CodeUnavailable} {
		own, c := *signs.KMS, validConfig(t)
		own.Key = key
		c.Authority = &authority.Config{PublicKey: signs.PublicKey, KMS: &own}
		target := openedTarget(t, c)
		g := newGrant(access.Entitlement{"user": "deploy", "command": strings.Repeat("x", maxCommand)})
		require.NoError(t, target.Grant(context.Background(), g))
		cred, err := target.Mint(context.Background(), g)
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.Equal(t, want, access.CodeOf(err), "%v", err)
		require.Empty(t, cred.Files)
	}
	t.Run("ARSAKey", func(t *testing.T) {
		c := validConfig(t)
		_, public := made(types.KeySpecRsa2048)
		c.Authority = &authority.Config{PublicKey: field.FileOrText(public), KMS: signs.KMS}
		_, err := c.Open(context.Background(), "ssh/demo")
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), "%v", err)
	})
}

// TestEd25519InKMS: moto has no such keys, so a service signs here as AWS documents it.
func TestEd25519InKMS(t *testing.T) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Message                       []byte
			MessageType, SigningAlgorithm string
		}
		if json.NewDecoder(r.Body).Decode(&in) != nil || in.MessageType != "RAW" || in.SigningAlgorithm != "ED25519_SHA_512" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(map[string]any{"Signature": ed25519.Sign(private, in.Message)})
	}))
	t.Cleanup(server.Close)
	for k, v := range map[string]string{"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(k, v)
	}
	key, err := ssh.NewPublicKey(public)
	require.NoError(t, err)
	c := validConfig(t)
	c.Authority = &authority.Config{PublicKey: field.FileOrText(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))),
		KMS: &authority.KMS{Config: awsapi.Config{Region: awstest.Region, Account: awstest.Account, Endpoint: server.URL}, Key: "alias/ramp"}}
	target := openedTarget(t, c)
	g := newGrant(access.Entitlement{"user": "deploy"})
	require.NoError(t, target.Grant(context.Background(), g))
	_, err = target.Mint(context.Background(), g)
	require.NoError(t, err)
}
