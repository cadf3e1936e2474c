package access

// Assertion is what a passkey signed for one decision (WebAuthn), each part in
// base64url without padding. It holds no secret.
type Assertion struct {
	CredentialID      string `json:"credentialId"`
	AuthenticatorData string `json:"authenticatorData"`
	ClientDataJSON    string `json:"clientDataJSON"`
	Signature         string `json:"signature"`
}
