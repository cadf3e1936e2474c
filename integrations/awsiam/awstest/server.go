// Package awstest is AWS for tests: moto's server (5.1 or newer), which keeps
// IAM's state, and iam-simulate, which evaluates IAM's policies at a given time.
// Moto alone enforces nothing.
package awstest

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/stretchr/testify/require"
)

// The account and the region of every moto server.
const (
	Account = "123456789012"
	Region  = "eu-central-1"
)

// Server is one AWS account, empty but for Ramp's own user and a boundary.
type Server struct {
	Endpoint string
	Worker   string            // ARN of the user that Ramp is
	Boundary string            // ARN of a policy that allows S3 and DynamoDB
	Env      map[string]string // credentials of the worker, for the environment of a process

	t testing.TB
}

var running = regexp.MustCompile(`Running on (http://127\.0\.0\.1:[0-9]+)`)

// Start runs an account until the test ends. A missing moto_server fails the test.
func Start(t testing.TB) *Server {
	t.Helper()
	// The shell ends moto when its own standard input ends: with this process,
	// however that ends.
	cmd := exec.Command("/bin/sh", "-c", // #nosec G204 -- for tests
		`exec 3<&0; "$0" -H 127.0.0.1 -p 0 & moto=$!; (read -r _ <&3; kill $moto) 2>/dev/null & wait $moto`, binary(t))
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	address := make(chan string, 1)
	drained := make(chan struct{})
	last := "" // of what it says, for when it does not start
	go func() {
		defer close(drained)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			if last = lines.Text(); running.MatchString(last) {
				address <- running.FindStringSubmatch(last)[1]
			}
		}
	}()
	t.Cleanup(func() {
		stdin.Close()
		<-drained
		_ = cmd.Wait() // killed, as it should be
	})
	s := &Server{t: t}
	select {
	case moto := <-address:
		s.Endpoint = inFront(t, moto)
	case <-drained:
		require.Failf(t, "moto_server ended at once", "%s", last)
	case <-time.After(3 * time.Minute):
		require.Fail(t, "moto_server does not start")
	}
	s.fillAccount()
	return s
}

// binary returns moto_server: the one that make setup installed, or one on PATH.
func binary(t testing.TB) string {
	_, here, _, _ := runtime.Caller(0)
	installed := filepath.Join(filepath.Dir(here), "..", "..", "..", "tools", "bin", "moto_server")
	if _, err := os.Stat(installed); err == nil {
		return installed
	}
	path, err := exec.LookPath("moto_server")
	require.NoError(t, err, "moto_server is missing: run make setup")
	return path
}

// inFront returns the address of a proxy before moto. It serialises calls: each
// call to IAM is atomic, and moto's, whose threads share dictionaries, are not.
// And it writes errors as AWS does; see asAWS.
func inFront(t testing.TB, moto string) string {
	to, err := url.Parse(moto)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ModifyResponse = asAWS
	var one sync.Mutex
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one.Lock()
		defer one.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL
}

// asAWS takes one element out of errors that moto 5.1 (Debian 13's) writes for
// conflicts: <Errors> around <Error>, which IAM does not have, and without which
// AWS's own client finds no error code. Moto 5.2 writes them as AWS does.
func asAWS(resp *http.Response) error {
	if resp.StatusCode < http.StatusBadRequest {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body.Close()
	for _, tag := range []string{"<Errors>", "</Errors>"} {
		body = bytes.Replace(body, []byte(tag), nil, 1)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

// fillAccount makes what the account has before Ramp comes.
func (s *Server) fillAccount() {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	admin := s.IAM()
	user, err := admin.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("ramp-worker")})
	require.NoError(s.t, err)
	s.Worker = aws.ToString(user.User.Arn)
	key, err := admin.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: user.User.UserName})
	require.NoError(s.t, err)
	s.Boundary = s.Policy("ramp-boundary", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","dynamodb:*"],"Resource":"*"}]}`)
	s.Env = map[string]string{
		"AWS_ACCESS_KEY_ID": aws.ToString(key.AccessKey.AccessKeyId), "AWS_SECRET_ACCESS_KEY": aws.ToString(key.AccessKey.SecretAccessKey),
		// This machine's own configuration of AWS must not be found.
		"AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_ENDPOINT_URL": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	}
}

// Setenv makes the worker's credentials those of this process, until the test ends.
func (s *Server) Setenv(t testing.TB) {
	for k, v := range s.Env {
		t.Setenv(k, v)
	}
}

// Environ is Env as processes are given it.
func (s *Server) Environ() (out []string) {
	for k, v := range s.Env {
		out = append(out, k+"="+v)
	}
	return out
}

// Policy makes a managed policy and returns its ARN.
func (s *Server) Policy(name, document string) string {
	out, err := s.IAM().CreatePolicy(context.Background(), &iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: &document})
	require.NoError(s.t, err)
	return aws.ToString(out.Policy.Arn)
}

// IAM returns an administrator's client, for what happens behind Ramp's back.
func (s *Server) IAM() *iam.Client { return iam.NewFromConfig(s.config("admin", "admin", "")) }

// Caller returns the ARN of whom credentials belong to.
func (s *Server) Caller(ctx context.Context, id, secret, session string) (string, error) {
	out, err := sts.NewFromConfig(s.config(id, secret, session)).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", err
	}
	return aws.ToString(out.Arn), nil
}

func (s *Server) config(id, secret, session string) aws.Config {
	return aws.Config{Region: Region, BaseEndpoint: &s.Endpoint,
		Credentials: credentials.NewStaticCredentialsProvider(id, secret, session)}
}
