# What Ramp's own token may do in Vault, and nothing else.

# Grants are token roles. Vault itself holds Ramp to the policies listed here:
# the same as in the target's configuration.
path "auth/token/roles" {
  capabilities = ["list"]
}
path "auth/token/roles/ramp-*" {
  capabilities = ["create", "read", "update", "delete"]
  allowed_parameters = {
    "allowed_policies"        = ["orders-read", "orders-write"]
    "orphan"                  = [true]
    "renewable"               = [true, false]
    "token_type"              = ["service"]
    "token_no_default_policy" = [true]
    "token_explicit_max_ttl"  = []
    "path_suffix"             = []
  }
}

# Pick-ups are tokens made through those roles.
path "auth/token/create/ramp-*" {
  capabilities = ["create", "update"]
  allowed_parameters = {
    "ttl"          = []
    "display_name" = []
    "meta"         = []
  }
}

# Extending moves the end of tokens in use. Roles cap it.
path "auth/token/renew-accessor" {
  capabilities = ["update"]
}

# Ending access, and seeing that it has ended.
path "sys/leases/lookup/auth/token/create" {
  capabilities = ["list", "sudo"]
}
path "sys/leases/lookup/auth/token/create/ramp-*" {
  capabilities = ["list", "sudo"]
}
path "sys/leases/revoke-prefix/auth/token/create/ramp-*" {
  capabilities = ["update", "sudo"]
}

# Readiness: is Ramp's own token alive, and are these rights there? One that Ramp signed in
# for is renewed.
path "auth/token/lookup-self" {
  capabilities = ["read"]
}
path "auth/token/renew-self" {
  capabilities = ["update"]
}
path "sys/capabilities-self" {
  capabilities = ["update"]
}
