// Package hostfiles is the directory that an SSH host and Ramp's ssh target
// share: who is admitted, which keys are revoked, which were issued. Its formats
// are OpenSSH's own (AuthorizedPrincipalsFile, RevokedKeys, authorized_keys), so
// that an unchanged sshd enforces them:
//
//	principals/<user>   one line for each grant that may log in as <user>
//	revoked_keys        public keys of certificates whose grant has ended
//	ca.pub              the certificate authority
//	issued/<grant>      public keys of the certificates minted for one grant
//	closed/<grant>      an empty file: that grant was revoked, and never opens again
//	sessions/<process>  which grant a connection belongs to, if the host records it
//
// People and other programs may keep lines of their own in principals and
// revoked_keys; Ramp does not touch them.
package hostfiles
