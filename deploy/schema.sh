#!/bin/sh
# Makes and updates Temporal's two databases. It can be run again.
set -eu
for database in temporal temporal_visibility; do
  directory=temporal
  [ "$database" = temporal ] || directory=visibility
  # Both fail harmlessly where they were done before.
  temporal-sql-tool --db "$database" create || true
  temporal-sql-tool --db "$database" setup-schema -v 0.0 || true
  temporal-sql-tool --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$directory/versioned"
done
