package otlp_test

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/ports"
	"ramp.dev/ramp/internal/testcert"
	"ramp.dev/ramp/sinks"
	"ramp.dev/ramp/sinks/otlp"
	"ramp.dev/ramp/sinks/sink"
	"ramp.dev/ramp/sinks/sinktest"
)

// receiver is the protocol's own server, generated from its definition.
type receiver struct {
	collector.UnimplementedLogsServiceServer
	t       testing.TB
	address string
	server  *grpc.Server
	ended   chan error

	mu      sync.Mutex
	records []*logs.LogRecord
	headers metadata.MD
	err     error // of every call
	lost    bool  // the error comes after the records were taken
	rejects int64
}

func start(t testing.TB, options ...grpc.ServerOption) *receiver {
	r := &receiver{t: t, address: ports.ForTest(t)}
	r.listen(options...)
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) listen(options ...grpc.ServerOption) {
	l, err := net.Listen("tcp", r.address)
	require.NoError(r.t, err)
	r.server, r.ended = grpc.NewServer(options...), make(chan error, 1)
	collector.RegisterLogsServiceServer(r.server, r)
	go func(s *grpc.Server, ended chan<- error) { ended <- s.Serve(l) }(r.server, r.ended)
}

func (r *receiver) stop() {
	r.server.Stop()
	<-r.ended
	r.ended <- nil
}

func (r *receiver) Export(ctx context.Context, in *collector.ExportLogsServiceRequest) (*collector.ExportLogsServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.headers, _ = metadata.FromIncomingContext(ctx)
	if r.err != nil && !r.lost {
		return nil, r.err
	}
	if r.rejects > 0 {
		return &collector.ExportLogsServiceResponse{PartialSuccess: &collector.ExportLogsPartialSuccess{RejectedLogRecords: r.rejects, ErrorMessage: "too\nold"}}, nil
	}
	for _, of := range in.GetResourceLogs() {
		for _, scope := range of.GetScopeLogs() {
			r.records = append(r.records, scope.GetLogRecords()...)
		}
	}
	return &collector.ExportLogsServiceResponse{}, r.err
}

func (r *receiver) set(change func()) func() {
	return func() { r.mu.Lock(); defer r.mu.Unlock(); change() }
}

func (r *receiver) bodies() (out [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, record := range r.records {
		out = append(out, []byte(record.GetBody().GetStringValue()))
	}
	return out
}

// harness is a receiver for the suite.
func harness(t testing.TB) sinktest.Harness {
	r := start(t)
	wire := sinktest.NewWire(t, r.address)
	return sinktest.Harness{
		Config:   sinks.Config{OTLP: &otlp.Config{Address: wire.Address(), Plain: true}},
		Received: r.bodies,
		Faults: append(wire.Faults(), wire.Tear(3000),
			sinktest.Fault{Name: "DiskIsFull", Begin: r.set(func() { r.err = status.Error(codes.ResourceExhausted, "no space left") }), End: r.set(func() { r.err = nil })},
			sinktest.Fault{Name: "RepliesAreLost", Begin: r.set(func() { r.err, r.lost = status.Error(codes.Unavailable, ""), true }), End: r.set(func() { r.err = nil })},
			sinktest.Fault{Name: "RecordsAreRejected", Begin: r.set(func() { r.rejects = 1 }), End: r.set(func() { r.rejects = 0 })},
			sinktest.Fault{Name: "ReceiverIsKilled", Begin: r.stop, End: func() { r.listen() }},
		),
	}
}

func TestCase114EverythingInOrderOnce(t *testing.T) {
	sinktest.Run(t, harness)
}

func BenchmarkThroughput(b *testing.B) { sinktest.Bench(b, harness) }

func TestRecord(t *testing.T) {
	r := start(t)
	t.Setenv("RAMP_TEST_OTLP", "Bearer x y")
	c := otlp.Config{Address: r.address, Plain: true, Headers: map[string]field.Secret{"authorization": field.SecretEnv("RAMP_TEST_OTLP")}}
	require.Empty(t, c.Validate("s"))
	s, err := c.Open()
	require.NoError(t, err)
	n, err := s.Send(t.Context(), []sink.Message{{Seq: 7, At: time.UnixMicro(1795655704123456), Kind: access.EventGlassBroken, RequestID: "r", Severity: sink.Alert, Body: []byte(`{"id":"7"}`)}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	is := r.records[0]
	require.EqualValues(t, 1795655704123456000, is.GetTimeUnixNano())
	require.Equal(t, "request.glass_broken", is.GetEventName())
	require.Equal(t, logs.SeverityNumber_SEVERITY_NUMBER_ERROR, is.GetSeverityNumber())
	require.EqualValues(t, 7, is.GetAttributes()[0].GetValue().GetIntValue())
	require.Equal(t, "r", is.GetAttributes()[1].GetValue().GetStringValue())
	require.Equal(t, []string{"Bearer x y"}, r.headers.Get("authorization"))
	r.rejects = 1
	_, err = s.Send(t.Context(), []sink.Message{{Seq: 8, Body: []byte(`{}`)}})
	require.EqualError(t, err, "the receiver has rejected 1 records: too old")
}

// TestCase115WhoIsThere: events go to nobody whose certificate is another authority's.
func TestCase115WhoIsThere(t *testing.T) {
	certs := testcert.New(t)
	own, err := credentials.NewServerTLSFromFile(certs.Cert, certs.Key)
	require.NoError(t, err)
	r := start(t, grpc.Creds(own))
	for authority, trusted := range map[string]bool{certs.Authority: true, testcert.New(t).Authority: false} {
		s, err := otlp.Config{Address: r.address, CAFile: field.File(authority)}.Open()
		require.NoError(t, err)
		err = s.Ping(t.Context())
		require.Equal(t, trusted, err == nil, "%v", err)
	}
}

func TestValidate(t *testing.T) {
	require.Empty(t, otlp.Config{Address: "otel.example.com:4317"}.Validate("s"))
	require.Len(t, otlp.Config{Address: "otel.example.com:4317", Plain: true, Headers: map[string]field.Secret{"grpc-x": {}}}.Validate("s"), 2)
	require.Len(t, otlp.Config{Address: "otel.example.com"}.Validate("s"), 1)
}
