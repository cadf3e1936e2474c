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

// AuthorizeStored is AuthorizeRequest with the statements as the ledger has them. What is
// no envelope is left out.
func (k Keyring) AuthorizeStored(plan []byte, statements [][]byte, workers Keyring) (Authorized, error) {
	signed, err := ReadEnvelope(plan)
	if err != nil {
		return Authorized{}, err
	}
	var given []Envelope
	for _, b := range statements {
		if e, err := ReadEnvelope(b); err == nil {
			given = append(given, e)
		}
	}
	return k.AuthorizeRequest(signed, given, workers)
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
