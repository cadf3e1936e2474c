package config

import (
	"context"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/passkey"
	"ramp.dev/ramp/server/auth"
	"ramp.dev/ramp/signers"
)

// Keys are the keys of a server and a worker.
type Keys struct {
	Signer  SigningKey     `yaml:"signer,omitempty"`  // the server's private key
	Payload []field.Secret `yaml:"payload,omitempty"` // the keys that encrypt what Temporal keeps; the first encrypts, all decrypt
	Session []field.Secret `yaml:"session,omitempty"` // the servers' keys that seal sessions and logins; the first seals, all open; from keys.signer if empty
	// AcceptClear has what Temporal keeps in clear read too, while workflows run that
	// began without payload keys.
	AcceptClear bool         `yaml:"acceptClear,omitempty"`
	Trusted     []field.File `yaml:"trusted,omitempty"`  // public keys whose statements are believed
	Passkeys    field.File   `yaml:"passkeys,omitempty"` // says whose passkeys are whose; no server may be able to write it
	Worker      SigningKey   `yaml:"worker,omitempty"`   // the worker's private key, which signs receipts and deliveries
	Workers     []WorkerKey  `yaml:"workers,omitempty"`  // whose credentials and scopes the server passes on
}

// SigningKey names a private key: a file, made on first use, vault:MOUNT/KEY or
// awskms:ID.
type SigningKey string

// UnmarshalYAML resolves a relative path.
func (k *SigningKey) UnmarshalYAML(ctx context.Context, decode func(any) error) error {
	var ref string
	if err := decode(&ref); err != nil {
		return err
	}
	if signers.IsFile(ref) {
		ref = field.Resolve(ctx, ref)
	}
	*k = SigningKey(ref)
	return nil
}

// CheckpointFile returns where the last signed checkpoint of the log is kept beside
// the key; "" for a key that is in no file.
func (k SigningKey) CheckpointFile() string {
	if !signers.IsFile(string(k)) {
		return ""
	}
	return strings.TrimSuffix(string(k), ".key") + ".checkpoint"
}

// Open opens the key. For a file it writes the public half beside it, for those
// who verify. Errors are CodeInvalid for a key that cannot be used, and
// CodeUnavailable.
func (k SigningKey) Open(ctx context.Context) (*evidence.Signer, error) {
	ref := string(k)
	signer, err := signers.Open(ctx, ref)
	if err != nil || !signers.IsFile(ref) {
		return signer, err
	}
	return signer, signer.WritePublic(k.publicFile())
}

// publicFile returns where the public half of a key is that is in a file.
func (k SigningKey) publicFile() string { return strings.TrimSuffix(string(k), ".key") + ".pub" }

// WorkerSigner opens the key for receipts; it returns nil where there is none.
// Errors are SigningKey.Open's.
func (k Keys) WorkerSigner(ctx context.Context) (*evidence.Signer, error) {
	if k.Worker == "" {
		logrus.Warn("keys.worker is not set: evidence packs will have no receipts of what this worker opens and closes, and servers with keys.workers pass on none of its credentials")
		return nil, nil
	}
	return k.Worker.Open(ctx)
}

// Keyring loads the public keys that this worker trusts, and the passkeys. Errors
// are CodeInvalid.
func (k Keys) Keyring() (evidence.Keyring, error) {
	if len(k.Trusted) == 0 {
		return evidence.Keyring{}, access.Errorf(access.CodeInvalid, "keys.trusted is empty: a worker that believes no server opens nothing")
	}
	keys, err := evidence.LoadKeyring(field.Paths(k.Trusted)...)
	if f := k.PasskeyFile(); err == nil && f != nil {
		keys = keys.WithPasskeys(f)
	}
	return keys, err
}

// WorkerKeyring loads the public keys of workers, each for its targets; it returns
// an empty ring where there are none. The key of the worker in the same file is made if there
// is none yet: that worker awaits the server's key, and would never make it. Errors are
// CodeInvalid, and CodeUnavailable.
func (k Keys) WorkerKeyring(ctx context.Context) (evidence.Keyring, error) {
	if len(k.Workers) == 0 {
		logrus.Warn("keys.workers is not set: " + WorkersUnknown)
	}
	if slices.ContainsFunc(k.Workers, k.isOwn) {
		if _, err := k.Worker.Open(ctx); err != nil {
			return evidence.Keyring{}, err
		}
	}
	ring, issues := k.loadWorkers()
	return ring, issues.Err()
}

// WorkersUnknown says what nobody checks where a server has no keys of workers.
const WorkersUnknown = "the servers believe whoever writes to Temporal or to the ledger that access has ended, and pass on credentials and what approvers read of a target without knowing that a worker of it made them; list each worker's public key there, with its targets"

// PasskeyFile returns the file of passkeys; nil where none is configured.
func (k Keys) PasskeyFile() *passkey.File {
	if k.Passkeys == "" {
		return nil
	}
	return passkey.NewFile(string(k.Passkeys))
}

// ServerKeyring returns whose statements a server believes: its own public key, and
// those in keys.trusted, such as the one before. Errors are CodeInvalid.
func (k Keys) ServerKeyring(signer *evidence.Signer) (evidence.Keyring, error) {
	keys, err := evidence.LoadKeyring(field.Paths(k.Trusted)...)
	return keys.With(signer.Public()), err
}

// sessionPurpose is what a session key is derived for.
const sessionPurpose = "ramp session key"

// Sealer returns what seals sessions. Where no key is configured, it is derived from
// the signing key, which all servers have and nobody else does; so it must be in a
// file, since Vault and KMS give none away. Errors are CodeInvalid for a key that is
// none, and CodeUnavailable.
func (k Keys) Sealer(ctx context.Context, signer *evidence.Signer) (*auth.Sealer, error) {
	var keys []field.Key
	for _, ref := range k.Session {
		key, err := ref.ReadKey(ctx)
		if err != nil {
			return nil, access.Errorf(access.CodeOf(err), "session key: %w", err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		key, ok := signer.DeriveKey(sessionPurpose)
		if !ok {
			return nil, access.Errorf(access.CodeInvalid, "%s", sessionKeyMissing)
		}
		keys = append(keys, key)
	}
	return auth.NewSealer(keys...)
}

// sessionKeyMissing is why a server cannot seal sessions.
const sessionKeyMissing = "where keys.signer is in Vault or KMS the servers need a key of their own for sessions, the same for all of them: 32 bytes in base64 (openssl rand -base64 32)"

// Codec returns what encrypts payloads; nil where Temporal keeps them in clear.
// Errors are CodeInvalid for a key that is none, and CodeUnavailable.
func (k Keys) Codec(ctx context.Context) (*codec.Codec, error) {
	if len(k.Payload) == 0 {
		return nil, nil
	}
	c, err := codec.Load(ctx, k.Payload...)
	if err != nil || !k.AcceptClear {
		return c, err
	}
	logrus.Warn("keys.acceptClear is set: what anybody writes to Temporal's namespace without a payload key is read; take it out when the requests have ended that began without keys")
	return c.AcceptClear(), nil
}
