package evidence

import (
	"encoding/json"

	"ramp.dev/ramp/access"
)

// SignContracts signs that a set of contracts came into force, as the ledger stores it.
func (s *Signer) SignContracts(r access.ContractsInForce) ([]byte, error) {
	e, err := signed(s, TypeContracts, r)
	if err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// VerifyContracts returns what a trusted key signed of a set that came into force.
// Errors are CodeEvidence.
func (k Keyring) VerifyContracts(record []byte) (access.ContractsInForce, error) {
	e, err := ReadEnvelope(record)
	if err != nil {
		return access.ContractsInForce{}, err
	}
	r, _, err := verified[access.ContractsInForce](k, e, TypeContracts)
	return r, err
}

// ReadContracts returns what a record says, verified by nobody. Errors are CodeEvidence.
func ReadContracts(record []byte) (access.ContractsInForce, error) {
	e, err := ReadEnvelope(record)
	if err != nil {
		return access.ContractsInForce{}, err
	}
	r, _, err := decode[access.ContractsInForce](e, TypeContracts)
	return r, err
}
