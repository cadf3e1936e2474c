#!/bin/sh
# What the contracts of docker-compose.yml give in Vault. It can be run again.
set -eu
until vault status >/dev/null 2>&1; do
  echo "waiting for Vault"
  sleep 1
done
vault policy write orders-read - <<'RULES'
path "secret/data/orders" { capabilities = ["read"] }
RULES
vault kv put secret/orders note="what is read under vault-orders-read"
