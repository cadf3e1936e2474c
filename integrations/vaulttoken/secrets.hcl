# For each dynamic secret: moving its end, taking it back, seeing that it is gone.
path "sys/leases/renew/database/creds/orders-read/*" {
  capabilities = ["update"]
}
path "sys/leases/revoke/database/creds/orders-read/*" {
  capabilities = ["update"]
}
path "sys/leases/lookup/database/creds/orders-read" {
  capabilities = ["list", "sudo"]
}
