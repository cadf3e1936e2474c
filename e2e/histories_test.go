package e2e

import (
	"path/filepath"

	"github.com/stretchr/testify/require"
	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/proxy"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"google.golang.org/protobuf/proto"

	"ramp.dev/ramp/codec"
	"ramp.dev/ramp/config/field"
)

// histories is every event of every workflow as Temporal keeps it, and with
// each payload decrypted: inputs, results, failures, summaries.
func (in *installation) histories() (kept, decoded []byte) {
	in.Helper()
	c, err := client.Dial(client.Options{HostPort: in.addr("temporal"), Logger: quiet{}})
	require.NoError(in, err)
	defer c.Close()
	sealed, err := codec.Load(in.Context(), field.SecretFile(filepath.Join(in.dir, "keys", "payload.key")))
	require.NoError(in, err)
	// Search attributes are in clear, because Temporal searches them. Nothing else is.
	open := proxy.VisitPayloadsOptions{SkipSearchAttributes: true, Visitor: func(_ *proxy.VisitPayloadsContext, p []*commonpb.Payload) ([]*commonpb.Payload, error) {
		return sealed.Decode(p)
	}}
	list, err := c.ListWorkflow(in.Context(), &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000})
	require.NoError(in, err)
	require.NotEmpty(in, list.Executions)
	for _, e := range list.Executions {
		events := c.GetWorkflowHistory(in.Context(), e.Execution.WorkflowId, e.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for events.HasNext() {
			event, err := events.Next()
			require.NoError(in, err)
			b, err := proto.Marshal(event) // not JSON, which would hide text in base64
			require.NoError(in, err)
			kept = append(kept, b...)
			require.NoError(in, proxy.VisitPayloads(in.Context(), event, open))
			b, err = proto.Marshal(event)
			require.NoError(in, err)
			decoded = append(decoded, b...)
		}
	}
	return kept, decoded
}
