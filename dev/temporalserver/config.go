package temporalserver

import (
	"fmt"
	"path/filepath"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

const clusterName = "active"

// serverConfig is Temporal's configuration for one process on loopback.
func serverConfig(c Config, host string, port int, reserved *reservations) (*config.Config, error) {
	frontend := fmt.Sprintf("%s:%d", host, port)
	services := map[string]config.Service{"frontend": {RPC: config.RPC{GRPCPort: port, BindOnIP: host}}}
	for _, name := range []string{"history", "matching", "worker"} {
		port, err := reserved.port(host)
		if err != nil {
			return nil, err
		}
		services[name] = config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: host}}
	}
	state := sqlitePersistence(c.Dir)
	if c.Postgres != nil {
		state = c.Postgres.persistence()
	}
	return &config.Config{
		Persistence: state,
		ClusterMetadata: &cluster.Config{
			FailoverVersionIncrement: 10, MasterClusterName: clusterName, CurrentClusterName: clusterName,
			ClusterInformation: map[string]cluster.ClusterInformation{
				clusterName: {Enabled: true, InitialFailoverVersion: 1, RPCAddress: frontend},
			},
		},
		DCRedirectionPolicy: config.DCRedirectionPolicy{Policy: "noop"},
		Services:            services,
		Archival: config.Archival{
			History:    config.HistoryArchival{State: "disabled"},
			Visibility: config.VisibilityArchival{State: "disabled"},
		},
		NamespaceDefaults: config.NamespaceDefaults{Archival: config.ArchivalNamespaceDefaults{
			History:    config.HistoryArchivalNamespaceDefaults{State: "disabled"},
			Visibility: config.VisibilityArchivalNamespaceDefaults{State: "disabled"},
		}},
		PublicClient: config.PublicClient{HostPort: frontend},
	}, nil
}

func sqlitePersistence(dir string) config.Persistence {
	return config.Persistence{
		DefaultStore: sqliteplugin.PluginName, VisibilityStore: sqliteplugin.PluginName, NumHistoryShards: 1,
		DataStores: map[string]config.DataStore{sqliteplugin.PluginName: {SQL: &config.SQL{
			PluginName:   sqliteplugin.PluginName,
			DatabaseName: filepath.Join(dir, "temporal.db"),
			// A crash of the process loses nothing under synchronous=1; a power
			// cut may lose the last commits, for which there is Ramp's ledger.
			ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "1"},
		}}},
	}
}

// hosts returns the address of each of Temporal's services. Without it, Temporal
// finds them by gossip, and after a crash waits for services of the last run.
func hosts(cfg *config.Config) map[primitives.ServiceName]static.Hosts {
	out := map[primitives.ServiceName]static.Hosts{}
	for name, s := range cfg.Services {
		addr := fmt.Sprintf("%s:%d", s.RPC.BindOnIP, s.RPC.GRPCPort)
		out[primitives.ServiceName(name)] = static.Hosts{All: []string{addr}, Self: addr}
	}
	return out
}
