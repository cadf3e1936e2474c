package temporalserver

import (
	"fmt"
	"net"
	"path/filepath"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/membership/static"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
	"go.temporal.io/server/common/primitives"
)

const clusterName = "active"

// serverConfig is Temporal's configuration for one process on loopback.
func serverConfig(c Config, host string, port int) (*config.Config, error) {
	frontend := fmt.Sprintf("%s:%d", host, port)
	ports, err := freePorts(host, 3)
	if err != nil {
		return nil, err
	}
	service := func(port int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: port, BindOnIP: host}}
	}
	services := map[string]config.Service{"frontend": service(port), "history": service(ports[0]),
		"matching": service(ports[1]), "worker": service(ports[2])}
	return &config.Config{
		Persistence: config.Persistence{
			DefaultStore: sqliteplugin.PluginName, VisibilityStore: sqliteplugin.PluginName, NumHistoryShards: 1,
			DataStores: map[string]config.DataStore{sqliteplugin.PluginName: {SQL: &config.SQL{
				PluginName:   sqliteplugin.PluginName,
				DatabaseName: filepath.Join(c.Dir, "temporal.db"),
				// A crash of the process loses nothing under synchronous=1; a power
				// cut may lose the last commits, for which there is Ramp's ledger.
				ConnectAttributes: map[string]string{"mode": "rwc", "journal_mode": "wal", "synchronous": "1"},
			}}},
		},
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

// freePorts finds ports for Temporal's services among themselves. It keeps all of
// them open until the last is found, so that none is found twice.
func freePorts(host string, n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
