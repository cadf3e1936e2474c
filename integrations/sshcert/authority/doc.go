// Package authority signs the certificates with which people log in to SSH hosts: by
// a key in a file, in Vault's SSH secrets engine, or in AWS KMS. The keys of the
// latter two never enter this process.
//
// What comes back is compared with what was asked for: whoever runs Vault, or stands
// in for it, cannot have a certificate handed out that lasts longer, names another
// principal or is of another authority.
package authority
