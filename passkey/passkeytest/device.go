// Package passkeytest is a device with a passkey on it, for tests.
package passkeytest

import (
	"encoding/json"
	"time"

	virtual "github.com/descope/virtualwebauthn"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/passkey"
)

// Origin is where the devices of tests are used.
const Origin = "https://ramp.example.com"

const rpID = "ramp.example.com"

// Device is one person's, with one key.
type Device struct {
	t      require.TestingT
	rp     virtual.RelyingParty
	device virtual.Authenticator
	key    virtual.Credential
}

// New makes a device with a new key on it.
func New(t require.TestingT) *Device { return At(t, Origin, rpID) }

// At is New for a Ramp at another address.
func At(t require.TestingT, origin, rpID string) *Device {
	return &Device{t, virtual.RelyingParty{ID: rpID, Name: "Ramp", Origin: origin},
		virtual.NewAuthenticator(), newKey()}
}

// newKey leaves out the keys that the library writes wrongly, one in 128: those
// with a coordinate that begins with a zero byte.
func newKey() virtual.Credential {
	for {
		k := virtual.NewCredential(virtual.KeyTypeEC2)
		if _, err := webauthncose.ParsePublicKey(k.Key.AttestationData()); err == nil {
			return k
		}
	}
}

// Creates returns the browser's response when a key is made for a person.
func (d *Device) Creates(person string) string {
	return virtual.CreateAttestationResponse(d.rp, d.device, d.key, virtual.AttestationOptions{
		Challenge: passkey.EnrolmentChallenge(person), RelyingPartyID: d.rp.ID})
}

// Enrolled is a Set in which this device's key is the person's, since long ago,
// beside those of others.
func (d *Device) Enrolled(person string, others passkey.Set) passkey.Set {
	empty := passkey.Set{Origin: d.rp.Origin, RPID: d.rp.ID}
	k, err := empty.Enrol(person, "test key", []byte(d.Creates(person)), time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC))
	require.NoError(d.t, err)
	if others.People == nil {
		others = empty
		others.People = map[string][]passkey.Key{}
	}
	others.People[person] = append(others.People[person], k)
	return others
}

// Signs is the device's assertion for one verdict on one plan.
func (d *Device) Signs(requestID, planDigest string, v access.Verdict) *access.Assertion {
	var r struct {
		ID       string           `json:"id"`
		Response access.Assertion `json:"response"`
	}
	require.NoError(d.t, json.Unmarshal([]byte(virtual.CreateAssertionResponse(d.rp, d.device, d.key, virtual.AssertionOptions{
		Challenge: passkey.Challenge(requestID, planDigest, v), RelyingPartyID: d.rp.ID})), &r))
	r.Response.CredentialID = r.ID
	return &r.Response
}
