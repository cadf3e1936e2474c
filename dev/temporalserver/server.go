// Package temporalserver runs Temporal's server and web UI inside this process,
// on SQLite: for `ramp dev`, tests and benchmarks. Start starts the server, and
// StartUI the UI beside it. It has no authentication, so it listens on loopback
// only.
package temporalserver

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/schema/sqlite"
	"go.temporal.io/server/temporal"

	"ramp.dev/ramp/access"
)

// Namespace is where Ramp's workflows live.
const Namespace = "default"

// Config says where the server keeps its state and where it listens.
type Config struct {
	Dir string // holds the database and Temporal's own log
	// Postgres keeps the state instead of a database in Dir; nil: SQLite.
	Postgres *Postgres
	Addr     string // loopback address of Temporal's frontend; port 0 takes a free one
	// SearchAttributes are those that workflows set, by name. They are fixed
	// when the database is made.
	SearchAttributes map[string]enumspb.IndexedValueType
	// Dynamic adds to Temporal's dynamic configuration, by key.
	Dynamic map[string]any
}

// Server is a running Temporal server.
type Server struct {
	Addr   string
	server temporal.Server
	ports  reservations
}

// Start starts Temporal, which accepts connections when Start returns. Errors
// are of code invalid, or conflict for a port that is taken.
func Start(_ context.Context, c Config) (_ *Server, err error) {
	var reserved reservations
	defer func() {
		if err != nil {
			reserved.release()
		}
	}()
	host, port, err := reserved.at(c.Addr)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, access.Errorf(access.CodeInvalid, "the Temporal server: %w", err)
	}
	cfg, err := serverConfig(c, host, port, &reserved)
	if err != nil {
		return nil, err
	}
	if err := setUp(c, cfg); err != nil {
		return nil, fmt.Errorf("the Temporal server: preparing the database: %w", err)
	}
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn", Format: "json",
		OutputFile: filepath.Join(c.Dir, "temporal.log")}))
	authorizer, err := authorization.GetAuthorizerFromConfig(&cfg.Global.Authorization)
	if err != nil {
		return nil, fmt.Errorf("the Temporal server: %w", err)
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(cfg),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithLogger(logger),
		temporal.WithStaticHosts(hosts(cfg)),
		temporal.WithAuthorizer(authorizer),
		temporal.WithDynamicConfigClient(c.dynamic()),
	)
	if err != nil {
		return nil, fmt.Errorf("the Temporal server: %w", err)
	}
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("the Temporal server: %w", err)
	}
	return &Server{Addr: net.JoinHostPort(host, strconv.Itoa(port)), server: server, ports: reserved}, nil
}

// Stop stops the server. Its state is on disk.
func (s *Server) Stop() error {
	defer s.ports.release()
	return s.server.Stop()
}

// defaultDynamic suits one small machine: one partition, so that a task goes
// straight to a waiting poller, and no limits that are meant for many tenants.
var defaultDynamic = dynamicconfig.StaticClient{
	dynamicconfig.MatchingNumTaskqueueReadPartitions.Key():  1,
	dynamicconfig.MatchingNumTaskqueueWritePartitions.Key(): 1,
	dynamicconfig.FrontendMaxNamespaceRPSPerInstance.Key():  10000,
	dynamicconfig.FrontendRPS.Key():                         10000,
	dynamicconfig.HistoryRPS.Key():                          30000,
	dynamicconfig.MatchingRPS.Key():                         30000,
	dynamicconfig.HistoryPersistenceMaxQPS.Key():            100000,
	dynamicconfig.MatchingPersistenceMaxQPS.Key():           100000,
	dynamicconfig.FrontendPersistenceMaxQPS.Key():           100000,
}

func (c Config) dynamic() dynamicconfig.StaticClient {
	all := maps.Clone(defaultDynamic)
	for key, value := range c.Dynamic {
		all[dynamicconfig.MakeKey(key)] = value
	}
	return all
}

// setUp creates the database if there is none. It builds it under another name
// and renames it, so that a crash half way leaves no incomplete database.
func setUp(c Config, cfg *config.Config) error {
	ns, err := sqlite.NewNamespaceConfig(clusterName, Namespace, false, c.SearchAttributes)
	if err != nil {
		return err
	}
	if c.Postgres != nil {
		return c.Postgres.setUp(ns)
	}
	sql := *cfg.Persistence.DataStores[sqliteplugin.PluginName].SQL
	if _, err := os.Stat(sql.DatabaseName); err == nil {
		return nil
	}
	final := sql.DatabaseName
	sql.DatabaseName = final + ".new"
	sql.ConnectAttributes = map[string]string{"mode": "rwc"}
	if err := os.Remove(sql.DatabaseName); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err := sqlite.SetupSchema(&sql); err != nil {
		return err
	}
	if err := sqlite.CreateNamespaces(&sql, ns); err != nil {
		return err
	}
	return os.Rename(sql.DatabaseName, final)
}
