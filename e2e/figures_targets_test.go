package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	client "github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/integrations/awsiam/awstest"
	"ramp.dev/ramp/integrations/identitycenter/centertest"
	"ramp.dev/ramp/integrations/mysql/mysqltest"
	"ramp.dev/ramp/integrations/postgres/postgrestest"
	"ramp.dev/ramp/integrations/vaulttoken/vaulttest"
	"ramp.dev/ramp/internal/netfault"
)

// measuredTarget is a target that TestFigures lives on. Another kind is another entry of
// measuredTargets: its service, its configuration, one entitlement, and its real client.
type measuredTarget struct {
	target      string
	entitlement string           // in YAML, on one line
	config      map[string]any   // of the worker; nil for what `ramp dev` has
	network     []*netfault.Wire // between the worker and the target, past which clients go; none if they are on one machine
	picksUp     func(in *installation, ctx context.Context, id string) targetClient
}

func (m measuredTarget) name() string { return "figures-" + strings.ReplaceAll(m.target, "/", "-") }

// deaf lets what the worker sends to the target vanish, until back is called.
func (m measuredTarget) deaf() (back func()) {
	var all []func()
	for _, wire := range m.network {
		all = append(all, wire.Deaf())
	}
	return func() {
		for _, one := range all {
			one()
		}
	}
}

// contract is the one that the target is asked for under.
func (m measuredTarget) contract() string {
	return fmt.Sprintf(`---
apiVersion: ramp/v1
kind: Contract
metadata: {name: %s}
description: A target that is measured.
request: {who: '"engineering" in person.groups'}
duration: {default: 10s, max: 10m}
grants: [{target: %s, entitlement: %s}]
approval: {pendingFor: 45s, stages: [{name: lead, from: [approvers]}]}
`, m.name(), m.target, m.entitlement)
}

// measured is who asks for access: who people are to the targets is their address.
const measured = "alice@example.test"

// measuredTargets starts the services of all targets that are measured.
func measuredTargets(in *installation) []measuredTarget {
	s, db, v := awstest.Start(in.T), postgrestest.Start(in.T), vaulttest.Start(in.T)
	in.env = s.Environ()
	v.Policy(in.T, "orders-read", `path "auth/token/lookup-self" { capabilities = ["read"] }`)
	return []measuredTarget{
		{"ssh/demo", "{user: demo}", nil, nil, (*installation).withSSH}, measuredFleet(in),
		measuredVault(in, v), measuredSecrets(in, v, db), measuredLogins(in, v),
		measuredAWS(in, s), measuredIdentityCenter(in, s), measuredGoogle(in), measuredAzure(in), measuredOkta(in), measuredGitHub(in), measuredGitLab(in),
		measuredPostgres(in, db), measuredMySQL(in), measuredKubernetes(in), measuredTerraform(in), measuredExec(in), measuredWebhook(in),
	}
}

// wire returns a network before a service, which is a URL or a host with its port, and where
// the service is reached through it.
func (in *installation) wire(service string) (network []*netfault.Wire, at string) {
	host := service[strings.LastIndexByte(service, '/')+1:]
	w := netfault.New(in.T, "127.0.0.1:0", host)
	return []*netfault.Wire{w}, strings.TrimSuffix(service, host) + w.Address()
}

// passwordFile returns a reference to a file with a password.
func (in *installation) passwordFile(password string) string {
	path := filepath.Join(in.TempDir(), "password")
	require.NoError(in, os.WriteFile(path, []byte(password), 0o600))
	return "file:" + path
}

func measuredPostgres(in *installation, s *postgrestest.Server) measuredTarget {
	s.Setup(in.T, s.Config())
	databases := map[string]any{}
	for name, d := range s.Config().Databases {
		databases[name] = map[string]any{"tables": d.Tables}
	}
	network, at := in.wire(s.Addr())
	return measuredTarget{"postgres/figures", "{database: orders, roles: [orders_read]}", map[string]any{"kind": "postgres", "address": at, "clients": s.Addr(), "tls": "disable",
		"password": in.passwordFile(s.RampPassword()), "home": "orders", "databases": databases, "roles": s.Config().Roles, "rolesMayCreate": true}, network, (*installation).withPostgres}
}

func measuredMySQL(in *installation) measuredTarget {
	s := mysqltest.Start(in.T)
	s.Setup(in.T, s.Config())
	network, at := in.wire(s.Addr())
	return measuredTarget{"mysql/figures", "{roles: [orders_read]}", map[string]any{"kind": "mysql", "address": at, "clients": s.Addr(), "tls": "disable",
		"password": in.passwordFile(mysqltest.RampPassword), "objects": s.Config().Objects, "roles": s.Config().Roles, "rolesMayCreate": true}, network, (*installation).withMySQL}
}

// measuredAWS is picked up and not used: moto, in AWS's place, enforces no policy.
func measuredAWS(in *installation, s *awstest.Server) measuredTarget {
	network, at := in.wire(s.Endpoint)
	return measuredTarget{"aws/figures", "{actions: ['s3:GetObject'], resources: ['arn:aws:s3:::orders/*']}", map[string]any{"kind": "aws", "region": awstest.Region,
		"account": awstest.Account, "endpoint": at, "worker": s.Worker, "boundary": s.Boundary, "consistency": "3s",
		"allow": []any{map[string]any{"actions": []string{"s3:GetObject"}, "resources": []string{"arn:aws:s3:::orders*"}}}}, network,
		func(in *installation, ctx context.Context, id string) targetClient {
			require.NotEmpty(in, in.credential(ctx, id)["AWS_SESSION_TOKEN"])
			return targetClient{}
		}}
}

func measuredKubernetes(in *installation) measuredTarget {
	c := newCluster(in.T, "kubernetes/figures")
	network, at := in.wire(strings.TrimPrefix(c.Address, "https://"))
	return measuredTarget{"kubernetes/figures", "{namespaces: [orders], clusterRole: orders-read}", c.config(at), network,
		func(in *installation, ctx context.Context, id string) targetClient {
			token := in.credential(ctx, id)["KUBE_TOKEN"]
			in.eventually(time.Minute, "the token works", func() bool { return c.reads(ctx, token) == nil })
			return targetClient{copies: true, uses: func(ctx context.Context) error { return c.reads(ctx, token) }}
		}}
}

// measuredTerraform has no client: what its module makes is a file, which is there or not.
func measuredTerraform(in *installation) measuredTarget {
	dir, config := in.doors()
	require.NoError(in, os.WriteFile(filepath.Join(dir, "go"), nil, 0o600))
	return measuredTarget{"terraform/doors", "{module: door, variables: {role: reader}}", config, nil,
		func(_ *installation, _ context.Context, id string) targetClient {
			return targetClient{uses: func(context.Context) error {
				_, err := os.Stat(filepath.Join(dir, grantOf(id)))
				return err
			}}
		}}
}

// measuredExec is a program as a customer begins one.
func measuredExec(in *installation) measuredTarget {
	c := in.begins("billing")
	return measuredTarget{"exec/figures", "{what: refunds}", doc{"kind": "exec", "command": []string{c.program}, "description": c.described("--", c.program)}, nil, c.client("refunds")}
}

// measuredWebhook is a service as a customer begins one.
func measuredWebhook(in *installation) measuredTarget {
	c := in.begins("orders", "--service")
	url, secret := c.serves()
	network, at := in.wire(url)
	return measuredTarget{"webhook/figures", "{what: orders}", doc{"kind": "webhook", "url": at, "secrets": []string{"file:" + secret}, "description": c.described("--url", url, "--secret", secret)}, network, c.client("orders")}
}

// client is the probe, which looks past what opens and closes.
func (c customers) client(what string) func(*installation, context.Context, string) targetClient {
	return func(_ *installation, _ context.Context, id string) targetClient {
		return targetClient{uses: func(context.Context) error {
			if !c.works(grantOf(id), what) {
				return errors.New("the program or service lets nobody in")
			}
			return nil
		}}
	}
}

// credential picks up the credential of alice's request.
func (in *installation) credential(ctx context.Context, id string) map[string]string {
	raw, err := in.as("alice").creds(ctx, id)
	require.NoError(in, err)
	var c struct{ Env map[string]string }
	require.NoError(in, json.Unmarshal(raw, &c))
	return c.Env
}

// until runs do again and again until it fails.
func until(do func() error) <-chan struct{} {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for do() == nil {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return ended
}

// withPostgres is psql's part.
func (in *installation) withPostgres(ctx context.Context, id string) targetClient {
	env := in.credential(ctx, id)
	return targetClient{
		uses: func(ctx context.Context) error {
			conn, err := logsIn(ctx, env)
			if err == nil {
				err = conn.Close(ctx)
			}
			return err
		},
		session: func(ctx context.Context) <-chan struct{} {
			live, err := logsIn(ctx, env)
			require.NoError(in, err)
			return until(func() error {
				var n int
				return live.QueryRow(ctx, "SELECT count(*) FROM sales.orders").Scan(&n)
			})
		},
	}
}

// withMySQL is mariadb's part.
func (in *installation) withMySQL(ctx context.Context, id string) targetClient {
	env := in.credential(ctx, id)
	config := client.NewConfig()
	config.User, config.Passwd, config.Net, config.Addr = env["MYSQL_USER"], env["MYSQL_PASSWORD"], "tcp", net.JoinHostPort(env["MYSQL_HOST"], env["MYSQL_TCP_PORT"])
	config.Logger, config.Timeout = &client.NopLogger{}, 10*time.Second
	begin := func(ctx context.Context) (read func() error, end func(), err error) {
		conn, end, err := mysqltest.Connect(ctx, config)
		for errors.Is(err, client.ErrMalformPkt) { // this client cannot answer one in 256 challenges of ed25519
			conn, end, err = mysqltest.Connect(ctx, config)
		}
		if err != nil {
			return nil, nil, err
		}
		return func() error {
			var n int
			return conn.QueryRowContext(ctx, "SELECT count(*) FROM sales.orders").Scan(&n)
		}, end, nil
	}
	return targetClient{
		uses: func(ctx context.Context) error {
			read, end, err := begin(ctx)
			if err == nil {
				err = read()
				end()
			}
			return err
		},
		session: func(ctx context.Context) <-chan struct{} {
			read, end, err := begin(ctx)
			require.NoError(in, err)
			in.Cleanup(end)
			return until(read)
		},
	}
}

// measuredFleet is used on one host, and has its session on another.
func measuredFleet(in *installation) measuredTarget {
	f := startFleet(in, "web1", "web2")
	return measuredTarget{"sshfleet/web", "{user: " + f.login + ", labels: {role: web}}", f.config(), f.wires(),
		func(in *installation, _ context.Context, id string) targetClient {
			k := in.as("alice").picksUp(id)
			return targetClient{
				uses: func(context.Context) error {
					if !k.worksOn("web1") {
						return errors.New("ssh does not get in")
					}
					return nil
				},
				session: func(context.Context) <-chan struct{} {
					return k.sessionOn("web2", "echo this session goes on until it is cut; exec sleep 3600")
				},
			}
		}}
}

// withSSH is ssh's part.
func (in *installation) withSSH(_ context.Context, id string) targetClient {
	k := in.as("alice").picksUp(id)
	return targetClient{
		uses: func(context.Context) error {
			if !k.works() {
				return errors.New("ssh does not get in")
			}
			return nil
		},
		session: func(context.Context) <-chan struct{} { return k.session() },
	}
}

// logsIn logs in with a picked-up credential and reads a table.
func logsIn(ctx context.Context, env map[string]string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, fmt.Sprintf("host=%s port=%s dbname=%s user=%s password=%s sslmode=disable connect_timeout=10",
		env["PGHOST"], env["PGPORT"], env["PGDATABASE"], env["PGUSER"], env["PGPASSWORD"]))
	if err != nil {
		return nil, err
	}
	var n int // both databases that are tried have this table
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM sales.orders").Scan(&n); err != nil {
		_ = conn.Close(ctx)
		return nil, err
	}
	return conn, nil
}

// measuredIdentityCenter is used by whether the person may begin a session, and by whether one
// that they have is denied. moto stands in for AWS, which takes some seconds for an
// assignment: here it is made when the call returns.
func measuredIdentityCenter(in *installation, s *awstest.Server) measuredTarget {
	cloud := centertest.NewCloud()
	front := cloud.Serve(in.T, s.Endpoint)
	network, at := in.wire(front)
	admin := aws.Config{Region: awstest.Region, BaseEndpoint: &front, Credentials: credentials.NewStaticCredentialsProvider("admin", "admin", "")}
	of, sso, org := centertest.Fill(in.T, admin), ssoadmin.NewFromConfig(admin), organizations.NewFromConfig(admin)
	alice, set, account := centertest.AddUser(in.T, identitystore.NewFromConfig(admin), of.IdentityStore, measured), of.PermissionSets["ReadOnly"], "111122223333"
	instance := "arn:aws:sso:::instance/" + strings.Split(set, "/")[1]
	// denied reports whether the person's sessions are denied everything that were issued at a time.
	denied := func(ctx context.Context, issued time.Time) bool {
		policy, err := org.DescribePolicy(ctx, &organizations.DescribePolicyInput{PolicyId: &of.DenyPolicy})
		type statement struct {
			Condition struct {
				StringEquals map[string]any
				DateLessThan map[string]time.Time
			}
		}
		var doc struct{ Statement []statement }
		if err != nil || json.Unmarshal([]byte(aws.ToString(policy.Policy.Content)), &doc) != nil {
			return ctx.Err() != nil // the test is over
		}
		return slices.ContainsFunc(doc.Statement, func(one statement) bool {
			return strings.Contains(fmt.Sprint(one.Condition.StringEquals["identitystore:UserId"]), alice) && issued.Before(one.Condition.DateLessThan["aws:TokenIssueTime"])
		})
	}
	return measuredTarget{"identitycenter/figures", "{account: '" + account + "', permissionSet: ReadOnly}", map[string]any{"kind": "identitycenter", "region": awstest.Region,
		"account": awstest.Account, "endpoint": at, "identityStore": of.IdentityStore, "permissionSets": of.PermissionSets, "denyPolicy": of.DenyPolicy,
		"session": "1h", "consistency": "1s", "allow": []any{map[string]any{"permissionSets": []string{"ReadOnly"}, "accounts": []string{account}}}}, network,
		func(in *installation, _ context.Context, _ string) targetClient {
			return targetClient{
				uses: func(ctx context.Context) error {
					out, err := sso.ListAccountAssignments(ctx, &ssoadmin.ListAccountAssignmentsInput{InstanceArn: &instance, AccountId: &account, PermissionSetArn: &set})
					if err != nil {
						return err
					}
					for _, one := range out.AccountAssignments {
						if aws.ToString(one.PrincipalId) == alice {
							return nil
						}
					}
					return errors.New("nobody can sign in")
				},
				session: func(ctx context.Context) <-chan struct{} {
					issued := time.Now()
					for denied(ctx, issued) && ctx.Err() == nil { // with an earlier one, that ended in this second
						time.Sleep(100 * time.Millisecond)
						issued = time.Now()
					}
					return until(func() error {
						if denied(ctx, issued) {
							return errors.New("the session is denied everything")
						}
						return nil
					})
				},
			}
		}}
}
