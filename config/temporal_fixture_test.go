package config

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"

	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/internal/testcert"
)

// authority issues certificates; anybody who has its file trusts it.
type authority struct{ *testcert.Authority }

func newAuthority(t *testing.T) *authority { return &authority{testcert.NewAuthority(t)} }

func (a *authority) path(name string) field.File { return field.File(a.File(name)) }

// frontend serves as little of Temporal's protocol as a client needs at first, over
// real TLS, and records who called with which key.
type frontend struct {
	workflowservice.UnimplementedWorkflowServiceServer
	operatorservice.UnimplementedOperatorServiceServer
	address    string
	attributes map[string]enumspb.IndexedValueType // of its namespace

	mu      sync.Mutex
	keys    []string // of each call: its authorization
	callers []string // and the serial number of the caller's certificate
}

func (f *frontend) GetSystemInfo(context.Context, *workflowservice.GetSystemInfoRequest) (*workflowservice.GetSystemInfoResponse, error) {
	return &workflowservice.GetSystemInfoResponse{}, nil
}

func (f *frontend) DescribeNamespace(_ context.Context, r *workflowservice.DescribeNamespaceRequest) (*workflowservice.DescribeNamespaceResponse, error) {
	if r.GetNamespace() != "default" {
		return nil, status.Error(codes.NotFound, "namespace not found")
	}
	return &workflowservice.DescribeNamespaceResponse{}, nil
}

func (f *frontend) ListSearchAttributes(context.Context, *operatorservice.ListSearchAttributesRequest) (*operatorservice.ListSearchAttributesResponse, error) {
	return &operatorservice.ListSearchAttributesResponse{CustomAttributes: f.attributes}, nil
}

func (f *frontend) record(ctx context.Context, in any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	f.mu.Lock()
	md, _ := metadata.FromIncomingContext(ctx)
	f.keys = append(f.keys, strings.Join(md.Get("authorization"), ","))
	caller := ""
	if p, ok := peer.FromContext(ctx); ok {
		if info, ok := p.AuthInfo.(credentials.TLSInfo); ok && len(info.State.PeerCertificates) > 0 {
			caller = info.State.PeerCertificates[0].SerialNumber.String()
		}
	}
	f.callers = append(f.callers, caller)
	f.mu.Unlock()
	return next(ctx, in)
}

// last returns the latest call, and how many there were.
func (f *frontend) last() (key, caller string, n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n = len(f.keys); n > 0 {
		key, caller = f.keys[n-1], f.callers[n-1]
	}
	return key, caller, n
}

// newFrontend serves with the authority's certificate for names, and asks for
// one of clientsOf's if there is one. Connections live for a moment only, so
// that clients shake hands often.
func newFrontend(t *testing.T, a, clientsOf *authority, names func(*x509.Certificate)) *frontend {
	a.Issue("server", names)
	pair, err := tls.LoadX509KeyPair(a.File("server.pem"), a.File("server.key"))
	require.NoError(t, err)
	settings := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clientsOf != nil {
		settings.ClientAuth, settings.ClientCAs = tls.RequireAndVerifyClientCert, clientsOf.Pool()
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f := &frontend{address: l.Addr().String()}
	s := grpc.NewServer(grpc.Creds(credentials.NewTLS(settings)), grpc.UnaryInterceptor(f.record),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: 200 * time.Millisecond, MaxConnectionAgeGrace: 200 * time.Millisecond}))
	workflowservice.RegisterWorkflowServiceServer(s, f)
	operatorservice.RegisterOperatorServiceServer(s, f)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return f
}

func local(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }
func named(c *x509.Certificate) { c.DNSNames = []string{"temporal.example.com"} }
