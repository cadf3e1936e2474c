package temporalserver

import (
	"errors"
	"io"

	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/common/metrics"
	"go.temporal.io/server/common/persistence"
	"go.temporal.io/server/common/persistence/sql"
	"go.temporal.io/server/common/persistence/sql/sqlplugin"
	postgresplugin "go.temporal.io/server/common/persistence/sql/sqlplugin/postgresql"
	"go.temporal.io/server/common/resolver"
	"go.temporal.io/server/schema"
	postgresschema "go.temporal.io/server/schema/postgresql/v12"
	"go.temporal.io/server/schema/sqlite"
)

// Postgres is a server of Postgres 12 or newer that lets a user in without a password
// and who may make databases: for benchmarks.
type Postgres struct{ Addr, User string }

// The databases in Postgres.
const (
	MainDatabase       = "temporal"
	VisibilityDatabase = "temporal_visibility"
)

func (p *Postgres) sql(database string) *config.SQL {
	const connections = 20
	return &config.SQL{PluginName: postgresplugin.PluginNamePGX, User: p.User, ConnectAddr: p.Addr, ConnectProtocol: "tcp",
		DatabaseName: database, MaxConns: connections, MaxIdleConns: connections}
}

// persistence is Temporal's configuration of where it keeps its state.
func (p *Postgres) persistence() config.Persistence {
	return config.Persistence{DefaultStore: MainDatabase, VisibilityStore: VisibilityDatabase, NumHistoryShards: 4,
		DataStores: map[string]config.DataStore{
			MainDatabase:       {SQL: p.sql(MainDatabase)},
			VisibilityDatabase: {SQL: p.sql(VisibilityDatabase)},
		}}
}

// setUp makes the databases where there are none.
func (p *Postgres) setUp(ns *sqlite.NamespaceConfig) error {
	if err := p.administrate("postgres", func(db sqlplugin.AdminDB) error {
		return errors.Join(db.CreateDatabase(MainDatabase), db.CreateDatabase(VisibilityDatabase))
	}); err != nil {
		return err
	}
	for database, s := range map[string]struct{ file, version string }{
		MainDatabase:       {"postgresql/v12/temporal/schema.sql", postgresschema.Version},
		VisibilityDatabase: {"postgresql/v12/visibility/schema.sql", postgresschema.VisibilityVersion},
	} {
		if err := p.administrate(database, func(db sqlplugin.AdminDB) error {
			if _, err := db.ReadSchemaVersion(database); err == nil {
				return nil // it was made before
			}
			return makeSchema(db, database, s.file, s.version)
		}); err != nil {
			return err
		}
	}
	return sqlite.CreateNamespaces(p.sql(MainDatabase), ns) // it takes any plugin
}

func makeSchema(db sqlplugin.AdminDB, database, file, version string) error {
	f, err := schema.Assets().Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	statements, err := persistence.LoadAndSplitQueryFromReaders([]io.Reader{f})
	if err != nil {
		return err
	}
	for _, s := range statements {
		if err := db.Exec(s); err != nil {
			return err
		}
	}
	if err := db.CreateSchemaVersionTables(); err != nil {
		return err
	}
	return db.UpdateSchemaVersion(database, version, version)
}

func (p *Postgres) administrate(database string, do func(sqlplugin.AdminDB) error) error {
	db, err := sql.NewSQLAdminDB(sqlplugin.DbKindUnknown, p.sql(database), resolver.NewNoopResolver(), log.NewNoopLogger(), metrics.NoopMetricsHandler)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	return do(db)
}
