package program

import _ "embed"

//go:embed protocol.schema.json
var schema []byte

// Schema returns the JSON Schema of the protocol's messages (draft 2020-12).
func Schema() []byte { return schema }
