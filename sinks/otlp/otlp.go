// Package otlp sends events as logs by the OpenTelemetry Protocol over gRPC
// (https://opentelemetry.io/docs/specs/otlp/), to a collector or to whatever speaks it.
package otlp

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/plaintext"
	"ramp.dev/ramp/sinks/sink"
)

// Config is one receiver.
type Config struct {
	Address string                  `yaml:"address"`           // host:port; 4317 is the protocol's
	CAFile  field.File              `yaml:"caFile,omitempty"`  // PEM; the system's authorities if empty
	Plain   bool                    `yaml:"plain,omitempty"`   // without TLS; to this machine only
	Headers map[string]field.Secret `yaml:"headers,omitempty"` // of each call, such as authorization
}

var headerForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,60}$`)

// Validate returns everything that is wrong; at is where it is configured.
func (c Config) Validate(at string) (issues access.Issues) {
	host, port, err := net.SplitHostPort(c.Address)
	issues.Require(err == nil && host != "" && port != "", "address_malformed", at+".address", "the address is like otel.example.com:4317")
	ip, notIP := netip.ParseAddr(host)
	issues.Require(!c.Plain || host == "localhost" || notIP == nil && ip.IsLoopback(), "address_insecure", at+".plain", "without TLS only a receiver on this machine itself is sent events")
	for _, name := range slices.Sorted(maps.Keys(c.Headers)) {
		issues.Require(headerForm.MatchString(name) && !strings.HasPrefix(name, "grpc-") && !strings.HasSuffix(name, "-bin"), "header_malformed", at+".headers", "a header's name is lowercase letters, digits, dots, dashes and underscores, not grpc's own")
	}
	return issues
}

// OTLP implements sink.Sink.
type OTLP struct {
	config Config
	conn   *grpc.ClientConn
	logs   collector.LogsServiceClient
}

var _ sink.Sink = (*OTLP)(nil)

// callWithin bounds one call.
const callWithin = 20 * time.Second

// Open returns the sink, and calls nothing. Errors are of code unavailable (the file of
// authorities cannot be read) and invalid (there is none in it).
func (c Config) Open() (*OTLP, error) {
	transport := insecure.NewCredentials()
	if !c.Plain {
		trusted, _, err := c.CAFile.Authorities()
		if err != nil {
			return nil, err
		}
		transport = credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trusted})
	}
	// No proxy of the environment: it may be meant for the person who started the worker.
	conn, err := grpc.NewClient("passthrough:///"+c.Address, grpc.WithTransportCredentials(transport), grpc.WithNoProxy(), grpc.WithUserAgent("ramp"), grpc.WithIdleTimeout(time.Minute))
	if err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	return &OTLP{config: c, conn: conn, logs: collector.NewLogsServiceClient(conn)}, nil
}

// Batch implements sink.Sink. A record is about 2 KB, and a collector takes 4 MiB at once.
func (o *OTLP) Batch() (int, time.Duration) { return 1000, 100 * time.Millisecond }

// Ping implements sink.Sink: a call with no records.
func (o *OTLP) Ping(ctx context.Context) error {
	return o.export(ctx, &collector.ExportLogsServiceRequest{})
}

// Send implements sink.Sink.
func (o *OTLP) Send(ctx context.Context, messages []sink.Message) (taken int, err error) {
	for taken < len(messages) {
		request, n := requestOf(messages[taken:])
		if err := o.export(ctx, request); err != nil {
			return taken, err
		}
		taken += n
	}
	return taken, nil
}

// maxRequest bounds a request, in bytes of events.
const maxRequest = 2 << 20

// levels are the protocol's severities.
var levels = map[sink.Severity]logs.SeverityNumber{sink.Informational: logs.SeverityNumber_SEVERITY_NUMBER_INFO, sink.Warning: logs.SeverityNumber_SEVERITY_NUMBER_WARN, sink.Alert: logs.SeverityNumber_SEVERITY_NUMBER_ERROR}

// requestOf returns a request with as many messages as fit, at least one.
func requestOf(messages []sink.Message) (*collector.ExportLogsServiceRequest, int) {
	var records []*logs.LogRecord
	size := 0
	for _, m := range messages {
		if size += len(m.Body); len(records) > 0 && size > maxRequest {
			break
		}
		at := uint64(m.At.UnixNano()) // #nosec G115 -- after 1970
		record := &logs.LogRecord{TimeUnixNano: at, ObservedTimeUnixNano: at, SeverityNumber: levels[m.Severity], EventName: string(m.Kind),
			Body:       text(string(m.Body)),
			Attributes: []*common.KeyValue{{Key: "ramp.seq", Value: &common.AnyValue{Value: &common.AnyValue_IntValue{IntValue: m.Seq}}}}}
		if m.RequestID != "" {
			record.Attributes = append(record.Attributes, &common.KeyValue{Key: "ramp.request", Value: text(m.RequestID)})
		}
		records = append(records, record)
	}
	return &collector.ExportLogsServiceRequest{ResourceLogs: []*logs.ResourceLogs{{
		Resource:  &resource.Resource{Attributes: []*common.KeyValue{{Key: "service.name", Value: text("ramp")}}},
		ScopeLogs: []*logs.ScopeLogs{{Scope: &common.InstrumentationScope{Name: "dev.ramp.events"}, LogRecords: records}},
	}}}, len(records)
}

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

// export makes one call. One of which records were rejected has taken none.
func (o *OTLP) export(ctx context.Context, request *collector.ExportLogsServiceRequest) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	for name, ref := range o.config.Headers {
		secret, err := ref.Read(ctx)
		if err != nil {
			return err
		}
		if strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			return access.Errorf(access.CodeInvalid, "%s is malformed", ref)
		}
		ctx = metadata.AppendToOutgoingContext(ctx, name, secret)
	}
	response, err := o.logs.Export(ctx, request)
	if err != nil {
		is := status.Convert(err)
		if is.Code() == codes.Unavailable {
			return access.Errorf(access.CodeUnavailable, "the receiver cannot be reached or takes nothing at the moment")
		}
		return access.Errorf(access.CodeUnavailable, "the receiver returns %s: %s", is.Code(), plaintext.Line(is.Message(), 200))
	}
	if n := response.GetPartialSuccess().GetRejectedLogRecords(); n != 0 {
		return access.Errorf(access.CodeUnavailable, "the receiver has rejected %d records: %s", n, plaintext.Line(response.GetPartialSuccess().GetErrorMessage(), 200))
	}
	return nil
}
