package codec

import (
	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"

	"ramp.dev/ramp/internal/strictjson"
)

// Plain returns the SDK's converter of values to payloads, but that it reads JSON
// strictly. Fields that a type does not have are left out: a workflow may be read by
// an older build than wrote it.
func Plain() converter.DataConverter {
	return converter.NewCompositeDataConverter(converter.NewNilPayloadConverter(), converter.NewByteSlicePayloadConverter(),
		converter.NewProtoJSONPayloadConverter(), converter.NewProtoPayloadConverter(), strictJSON{converter.NewJSONPayloadConverter()})
}

// strictJSON is the SDK's converter of JSON with another reader.
type strictJSON struct {
	*converter.JSONPayloadConverter
}

// FromPayload implements converter.PayloadConverter.
func (strictJSON) FromPayload(p *commonpb.Payload, into any) error {
	return strictjson.UnmarshalOpen(p.GetData(), into)
}
