// Package examples holds contracts to start from; `ramp dev` copies Demo into
// its state directory on its first run.
package examples

import "embed"

// Demo are the contracts of the demonstration: access to the SSH host that
// runs inside `ramp dev`.
//
//go:embed *.yaml
var Demo embed.FS

// ChangeContracts is the contract under which people propose contracts; `ramp dev
// --proposals` adds it to Demo.
//
//go:embed patterns/change-contracts.yaml
var ChangeContracts []byte

// ChangeContractsName is the name of that contract.
const ChangeContractsName = "change-contracts"
