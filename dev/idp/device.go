package idp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// device is a device authorization (RFC 8628): a login that began on a machine
// without a browser.
type device struct {
	code, userCode string // the device code, and the user code that a person types
	state          op.DeviceAuthorizationState
}

var _ op.DeviceAuthorizationStorage = (*storage)(nil)

// devicePath is where people type the code that the machine shows.
const devicePath = "/device"

func (s *storage) StoreDeviceAuthorization(_ context.Context, clientID, code, userCode string, expires time.Time, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, d := range s.devices {
		if time.Now().After(d.state.Expires) {
			delete(s.devices, key)
		}
	}
	s.devices[code] = &device{code: code, userCode: userCode, state: op.DeviceAuthorizationState{
		ClientID: clientID, Audience: []string{clientID, "ramp"}, Scopes: scopes, Expires: expires}}
	return nil
}

// GetDeviceAuthorizatonState implements the library's interface, which misspells
// it. It returns an approved authorization once: a device code works once.
func (s *storage) GetDeviceAuthorizatonState(_ context.Context, clientID, code string) (*op.DeviceAuthorizationState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, ok := s.devices[code]
	if !ok || d.state.ClientID != clientID {
		return nil, errUnknown
	}
	if d.state.Done {
		delete(s.devices, code)
	}
	state := d.state
	return &state, nil
}

// approve records that a person typed a user code. It fails if the code is
// unknown, was used, or has expired.
func (s *storage) approve(userCode, person string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.devices {
		if strings.EqualFold(d.userCode, strings.TrimSpace(userCode)) && !d.state.Done && time.Now().Before(d.state.Expires) {
			d.state.Done, d.state.Subject, d.state.AuthTime = true, person, time.Now()
			return nil
		}
	}
	return errUnknown
}

func (s *storage) devicePage(w http.ResponseWriter, r *http.Request) {
	s.showPeople(w, peoplePage{Device: true, Code: r.FormValue("user_code")})
}

func (s *storage) deviceLogin(w http.ResponseWriter, r *http.Request) {
	person := r.FormValue("person")
	if _, err := Find(person); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.approve(r.FormValue("user_code"), person); err != nil {
		http.Error(w, "This code is unknown, expired or used. Begin again on the device.", http.StatusGone)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Done. Go back to your terminal.\n"))
}
