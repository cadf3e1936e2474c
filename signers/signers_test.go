package signers_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/hashicorp/vault/api"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/signers"
)

var ctx = context.Background()

// signs proves that a signer's statements hold under its public key, in the
// file that workers read, and under no other.
func signs(t *testing.T, s *evidence.Signer) {
	t.Helper()
	signsUpTo(t, s, 10_000) // more than KMS takes as a message
}

func signsUpTo(t *testing.T, s *evidence.Signer, size int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "key.pub")
	require.NoError(t, s.WritePublic(path))
	ring, err := evidence.LoadKeyring(path)
	require.NoError(t, err)
	e, digest, err := s.SignPlan(access.Plan{RequestID: "0123456789abcdef", Reason: strings.Repeat("x", size), CreatedAt: time.Now()})
	require.NoError(t, err)
	p, err := ring.VerifyPlan(e)
	require.NoError(t, err)
	require.Equal(t, digest, p.Digest)
	c := evidence.Checkpoint{Origin: "log", Size: 7}
	signed, err := s.SignCheckpoint(c)
	require.NoError(t, err)
	got, err := ring.VerifyCheckpoint(signed)
	require.NoError(t, err)
	require.Equal(t, c, got)
	other, err := signers.Open(ctx, filepath.Join(t.TempDir(), "other.key"))
	require.NoError(t, err)
	_, err = evidence.NewKeyring(other.Public()).VerifyPlan(e)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
	_, err = evidence.NewKeyring(other.Public()).VerifyCheckpoint(signed)
	require.Equal(t, access.CodeEvidence, access.CodeOf(err))
}

func TestFile(t *testing.T) {
	s, err := signers.Open(ctx, filepath.Join(t.TempDir(), "server.key"))
	require.NoError(t, err)
	signs(t, s)
}

func TestVaultTransit(t *testing.T) {
	v := vaulttest.Start(t)
	require.NoError(t, v.Root.Sys().Mount("signing", &api.MountInput{Type: "transit"}))
	write := func(path string, data map[string]any) {
		_, err := v.Root.Logical().Write(path, data)
		require.NoError(t, err)
	}
	write("signing/keys/ramp", map[string]any{"type": "ed25519"})
	write("signing/keys/rsa", map[string]any{"type": "rsa-2048"})
	v.Policy(t, "ramp-signer", `path "signing/keys/*" { capabilities = ["read"] } path "signing/sign/ramp" { capabilities = ["update"] }`)
	t.Setenv("VAULT_ADDR", v.Address)
	t.Setenv("VAULT_TOKEN", v.Token(t, "ramp-signer"))
	first, err := signers.Open(ctx, "vault:signing/ramp")
	require.NoError(t, err)
	signs(t, first)

	write("signing/keys/ramp/rotate", nil)
	signs(t, first) // goes on with the version it began with
	second, err := signers.Open(ctx, "vault:signing/ramp")
	require.NoError(t, err)
	require.NotEqual(t, first.KeyID(), second.KeyID())
	signs(t, second)

	for ref, want := range map[string]access.Code{"vault:ramp": access.CodeInvalid, "vault:signing/none": access.CodeInvalid, "vault:signing/rsa": access.CodeInvalid} {
		_, err := signers.Open(ctx, ref)
		require.Equal(t, want, access.CodeOf(err), ref)
	}
	t.Setenv("VAULT_TOKEN", "nobody")
	_, err = signers.Open(ctx, "vault:signing/ramp")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

func TestAWSKMS(t *testing.T) {
	s := awstest.Start(t)
	s.Setenv(t)
	t.Setenv("AWS_REGION", awstest.Region)
	t.Setenv("AWS_ENDPOINT_URL_KMS", s.Endpoint)
	config, err := awsconfig.LoadDefaultConfig(ctx)
	require.NoError(t, err)
	made := func(spec types.KeySpec) string {
		out, err := kms.NewFromConfig(config).CreateKey(ctx, &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
		require.NoError(t, err)
		return aws.ToString(out.KeyMetadata.KeyId)
	}
	id := made(types.KeySpecEccNistP256)
	signer, err := signers.Open(ctx, "awskms:"+id)
	require.NoError(t, err)
	signsUpTo(t, signer, 1000) // moto has no MessageType DIGEST; see TestAWSKMSDigest
	_, err = signers.Open(ctx, "awskms:"+made(types.KeySpecRsa2048))
	require.Equal(t, access.CodeInvalid, access.CodeOf(err))
	_, err = signers.Open(ctx, "awskms:alias/none")
	require.Equal(t, access.CodeUnavailable, access.CodeOf(err))
}

// TestAWSKMSDigest: what moto cannot do is answered here as AWS documents it.
func TestAWSKMSDigest(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	require.NoError(t, err)
	digests := 0
	kms := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			Message     []byte
			MessageType string
		}
		require.NoError(t, json.NewDecoder(r.Body).Decode(&in))
		out := map[string]any{"PublicKey": der, "KeyUsage": "SIGN_VERIFY"}
		if r.Header.Get("X-Amz-Target") == "TrentService.Sign" {
			digest := in.Message
			if in.MessageType == "DIGEST" {
				digests++
				require.Len(t, digest, sha256.Size)
			} else {
				require.LessOrEqual(t, len(in.Message), 4096)
				sum := sha256.Sum256(in.Message)
				digest = sum[:]
			}
			sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
			require.NoError(t, err)
			out = map[string]any{"Signature": sig}
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_ = json.NewEncoder(w).Encode(out)
	}))
	defer kms.Close()
	for k, v := range map[string]string{"AWS_REGION": awstest.Region, "AWS_ENDPOINT_URL_KMS": kms.URL, "AWS_ACCESS_KEY_ID": "x",
		"AWS_SECRET_ACCESS_KEY": "x", "AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull} {
		t.Setenv(k, v)
	}
	signer, err := signers.Open(ctx, "awskms:alias/ramp")
	require.NoError(t, err)
	signs(t, signer)
	require.Equal(t, 1, digests)
}
