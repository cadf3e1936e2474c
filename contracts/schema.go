package contracts

import _ "embed"

//go:embed contract.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of one contract, for editors and
// other tools. It accepts every contract that Parse accepts; what only Parse can
// tell, such as whether a condition compiles, it does not refuse.
func Schema() []byte { return schema }
