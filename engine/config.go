package engine

import (
	"fmt"
	"net"
	"path/filepath"
	"time"

	"go.temporal.io/server/common/cluster"
	"go.temporal.io/server/common/config"
	sqliteplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/sqlite"
)

const clusterName = "active"

// serverConfig is Temporal's configuration for one process on loopback.
func serverConfig(c Config, host string, port int) (*config.Config, error) {
	frontend := fmt.Sprintf("%s:%d", host, port)
	ports, err := freePorts(host, 7)
	if err != nil {
		return nil, err
	}
	service := func(grpc, member int) config.Service {
		return config.Service{RPC: config.RPC{GRPCPort: grpc, MembershipPort: member, BindOnIP: host}}
	}
	services := map[string]config.Service{
		"frontend": service(port, ports[0]), "history": service(ports[1], ports[2]),
		"matching": service(ports[3], ports[4]), "worker": service(ports[5], ports[6]),
	}
	return &config.Config{
		Global: config.Global{Membership: config.Membership{MaxJoinDuration: 30 * time.Second, BroadcastAddress: host}},
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

// freePorts finds ports for Temporal's own talk. All are held until the last is
// found: one that was let go could be found twice.
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
