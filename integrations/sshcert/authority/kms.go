package authority

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"io"
	"math/big"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"golang.org/x/crypto/ssh"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
)

// KMS says which key of AWS KMS signs: one for signing, of kind ECC_NIST_P256 or
// ECC_NIST_EDWARDS25519.
type KMS struct {
	awsapi.Config `yaml:",inline"`
	Key           string `yaml:"key"` // its id, ARN or alias/NAME
}

var keyShape = regexp.MustCompile(`^[A-Za-z0-9:/_-]{1,500}$`)

func (k KMS) validate() access.Issues {
	issues := k.Config.WithDefaults().Validate()
	issues.Require(keyShape.MatchString(k.Key), "key_malformed", "key", "the key's id, ARN or alias/NAME is needed")
	return issues
}

// algorithm returns what KMS is asked for, by the kind of the public key that hosts trust.
func algorithm(public ssh.PublicKey) (types.SigningAlgorithmSpec, error) {
	switch public.Type() {
	case ssh.KeyAlgoECDSA256:
		return types.SigningAlgorithmSpecEcdsaSha256, nil
	case ssh.KeyAlgoED25519:
		return types.SigningAlgorithmSpecEd25519Sha512, nil
	}
	return "", access.InvalidField("public_key_kind", "authority.publicKey", "%s is no kind of key that KMS signs certificates with: %s or %s is", public.Type(), ssh.KeyAlgoECDSA256, ssh.KeyAlgoED25519)
}

// open returns the authority. It does not call KMS.
func (k KMS) open(ctx context.Context, public ssh.PublicKey) (Authority, error) {
	by, err := algorithm(public)
	if err != nil {
		return nil, err
	}
	config, err := k.Config.WithDefaults().Load(ctx, nil)
	if err != nil {
		return nil, err
	}
	client := kms.NewFromConfig(config)
	return signer{public, func(ctx context.Context) ssh.Signer { return inKMS{ctx, client, k.Key, public, by} }}, nil
}

// inKMS signs one certificate.
type inKMS struct {
	ctx    context.Context
	client *kms.Client
	key    string
	public ssh.PublicKey
	by     types.SigningAlgorithmSpec
}

// PublicKey implements ssh.Signer.
func (k inKMS) PublicKey() ssh.PublicKey { return k.public }

// maxMessage is how much KMS signs whole, in bytes. A certificate of Ramp's is smaller: its
// longest part is the forced command.
const maxMessage = 4096

// Sign implements ssh.Signer. Errors are those of awsapi.Mapped, where nothing is the
// requester's mistake.
func (k inKMS) Sign(_ io.Reader, data []byte) (*ssh.Signature, error) {
	if len(data) > maxMessage {
		return nil, access.Errorf(access.CodeInvalid, "the certificate has %d bytes, and AWS KMS signs %d", len(data), maxMessage)
	}
	out, err := k.client.Sign(k.ctx, &kms.SignInput{KeyId: aws.String(k.key), Message: data, MessageType: types.MessageTypeRaw, SigningAlgorithm: k.by})
	if err != nil {
		mapped := awsapi.Mapped(err)
		switch code := access.CodeOf(mapped); code {
		case access.CodeForbidden, access.CodeThrottled, access.CodeUnavailable:
			return nil, mapped
		}
		return nil, access.Errorf(access.CodeUnavailable, "the certificate authority's key: %w", mapped)
	}
	return k.signature(data, out.Signature)
}

// signature returns KMS' signature as SSH writes it.
func (k inKMS) signature(data, sig []byte) (*ssh.Signature, error) {
	wrong := access.Errorf(access.CodeUnavailable, "AWS KMS returned a signature that is not valid under publicKey; is it the key's?")
	public, ok := k.public.(ssh.CryptoPublicKey)
	if !ok {
		return nil, wrong
	}
	switch key := public.CryptoPublicKey().(type) {
	case ed25519.PublicKey:
		if !ed25519.Verify(key, data, sig) {
			return nil, wrong
		}
		return &ssh.Signature{Format: ssh.KeyAlgoED25519, Blob: sig}, nil
	case *ecdsa.PublicKey:
		var numbers struct{ R, S *big.Int }
		sum := sha256.Sum256(data)
		rest, err := asn1.Unmarshal(sig, &numbers)
		if err != nil || len(rest) > 0 || key.Curve != elliptic.P256() || !ecdsa.VerifyASN1(key, sum[:], sig) {
			return nil, wrong
		}
		return &ssh.Signature{Format: ssh.KeyAlgoECDSA256, Blob: ssh.Marshal(numbers)}, nil
	}
	return nil, wrong
}
