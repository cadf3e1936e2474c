# What Ramp's own token may do in Vault where people log in themselves, and nothing else.

# Grants are identity groups with one member each. Vault itself holds Ramp to the policies
# listed here: the same as in the target's configuration.
path "identity/group/name" {
  capabilities = ["list"]
}
path "identity/group/name/ramp-*" {
  capabilities = ["read", "update", "delete"]
  allowed_parameters = {
    "policies"          = ["orders-read", "orders-write"]
    "member_entity_ids" = []
    "metadata"          = []
  }
}

# Who is who: the people of one auth method.
path "identity/lookup/entity" {
  capabilities = ["update"]
  allowed_parameters = {
    "alias_name"           = []
    "alias_mount_accessor" = ["auth_oidc_1a2b3c4d"]
  }
}

# Readiness, as with tokens.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
