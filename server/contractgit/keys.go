package contractgit

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"
)

// keys are the keys of those who may sign, by whose they are.
type keys struct {
	ssh []sshKey
	pgp []pgpKey
}

type sshKey struct {
	name string
	key  ssh.PublicKey
}

type pgpKey struct {
	name, armored string
	ids           []string
}

// newKeys reads everybody's keys. One key cannot be two people's: they would count as two.
func newKeys(signers []Signer) (keys, error) {
	var all keys
	whose := map[string]string{}
	for _, s := range signers {
		k, err := s.keys()
		if err != nil {
			return keys{}, err
		}
		var ids []string
		for _, one := range k.ssh {
			ids = append(ids, ssh.FingerprintSHA256(one.key))
		}
		for _, one := range k.pgp {
			ids = append(ids, one.ids...)
		}
		for _, id := range ids {
			if other, taken := whose[id]; taken {
				return keys{}, fmt.Errorf("key %s is listed for %s and for %s", id, other, s.Name)
			}
			whose[id] = s.Name
		}
		all.ssh, all.pgp = append(all.ssh, k.ssh...), append(all.pgp, k.pgp...)
	}
	return all, nil
}

// keys reads the keys of one person.
func (s Signer) keys() (keys, error) {
	var out keys
	if strings.TrimSpace(s.Name) == "" {
		return out, fmt.Errorf("a name is needed: whose keys these are")
	}
	for _, text := range s.SSH {
		b := []byte(text)
		if !text.IsText() {
			var err error
			if b, err = os.ReadFile(string(text)); err != nil {
				return out, err
			}
		}
		for len(strings.TrimSpace(string(b))) > 0 {
			key, _, options, rest, err := ssh.ParseAuthorizedKey(b)
			if err != nil || len(options) > 0 {
				return out, fmt.Errorf("%s: an SSH public key is needed, such as ssh-ed25519 AAAA..., without options", s.Name)
			}
			if _, certificate := key.(*ssh.Certificate); certificate {
				return out, fmt.Errorf("%s: a plain SSH public key is needed; certificates are not accepted", s.Name)
			}
			out.ssh, b = append(out.ssh, sshKey{s.Name, key}), rest
		}
	}
	for _, path := range s.PGP {
		b, err := os.ReadFile(string(path))
		if err != nil {
			return out, err
		}
		ring, err := openpgp.ReadArmoredKeyRing(strings.NewReader(string(b)))
		if err != nil {
			return out, fmt.Errorf("%s: %s holds no armored OpenPGP public key: %w", s.Name, path, err)
		}
		k := pgpKey{name: s.Name, armored: string(b)}
		for _, e := range ring {
			k.ids = append(k.ids, fmt.Sprintf("%X", e.PrimaryKey.Fingerprint))
			for _, sub := range e.Subkeys {
				k.ids = append(k.ids, fmt.Sprintf("%X", sub.PublicKey.Fingerprint))
			}
		}
		out.pgp = append(out.pgp, k)
	}
	if len(out.ssh)+len(out.pgp) == 0 {
		return out, fmt.Errorf("%s has no key", s.Name)
	}
	return out, nil
}

// signatureNamespace is what git signs in, so that a signature of something else is none.
const signatureNamespace = "git"

// signer returns who of them signed a commit; an error if nobody did.
func (k keys) signer(c *object.Commit) (string, error) {
	switch {
	case c.PGPSignature == "":
		return "", fmt.Errorf("commit %s is not signed", short(c))
	case strings.HasPrefix(c.PGPSignature, "-----BEGIN SSH SIGNATURE-----"):
		return k.sshSigner(c)
	}
	for _, one := range k.pgp {
		if _, err := c.Verify(one.armored); err == nil {
			return one.name, nil
		}
	}
	return "", fmt.Errorf("commit %s has no OpenPGP signature of anybody who may sign", short(c))
}

func (k keys) sshSigner(c *object.Commit) (string, error) {
	signature, err := sshsig.Unarmor([]byte(c.PGPSignature))
	if err != nil {
		return "", fmt.Errorf("the signature of commit %s cannot be read: %w", short(c), err)
	}
	encoded := &plumbing.MemoryObject{}
	if err := c.EncodeWithoutSignature(encoded); err != nil {
		return "", err
	}
	for _, one := range k.ssh {
		r, err := encoded.Reader()
		if err != nil {
			return "", err
		}
		if sshsig.Verify(io.Reader(r), signature, one.key, signature.HashAlgorithm, signatureNamespace) == nil {
			return one.name, nil
		}
	}
	return "", fmt.Errorf("commit %s has no SSH signature of anybody who may sign", short(c))
}

// short is a commit as people name it.
func short(c *object.Commit) string { return c.Hash.String()[:12] }
