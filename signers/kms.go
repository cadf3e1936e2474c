package signers

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"ramp.dev/ramp/access"
)

// kmsKey is an asymmetric key on P-256 in AWS KMS. Ed25519 keys of KMS are not
// used: they sign whole messages of 4096 bytes at most, and a plan may be
// larger; ECDSA can sign a digest that is made here.
type kmsKey struct {
	kms    *kms.Client
	id     string
	public *ecdsa.PublicKey
}

func openKMS(ctx context.Context, id string) (*kmsKey, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key in AWS KMS: %w", err)
	}
	k := &kmsKey{kms: kms.NewFromConfig(config), id: id}
	out, err := k.kms.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(id)})
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "signing key in AWS KMS: %w", err)
	}
	pub, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "signing key in AWS KMS: %w", err)
	}
	key, ok := pub.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() || out.KeyUsage != types.KeyUsageTypeSignVerify {
		return nil, access.Errorf(access.CodeInvalid, "key %s is not a signing key of kind ECC_NIST_P256", access.Clip(id, 100))
	}
	k.public = key
	return k, nil
}

func (k *kmsKey) Public() crypto.PublicKey { return k.public }

// maxRaw is what KMS takes as a whole message, in bytes; of more it signs a
// digest.
const maxRaw = 4096

func (k *kmsKey) Sign(ctx context.Context, data []byte) ([]byte, error) {
	sum := sha256.Sum256(data)
	in := &kms.SignInput{KeyId: aws.String(k.id), Message: data, MessageType: types.MessageTypeRaw,
		SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256}
	if len(data) > maxRaw {
		in.Message, in.MessageType = sum[:], types.MessageTypeDigest
	}
	out, err := k.kms.Sign(ctx, in)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "AWS KMS does not sign: %w", err)
	}
	if !ecdsa.VerifyASN1(k.public, sum[:], out.Signature) {
		return nil, access.Errorf(access.CodeUnavailable, "AWS KMS returned a signature that is not valid under this key")
	}
	return out.Signature, nil
}
