package idp

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// device is a login that began on a machine without a browser.
type device struct {
	code, userCode string // the machine's, and the one that a person types
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

// GetDeviceAuthorizatonState is how the library spells it. What was approved is
// answered once: a device code works once.
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

// admit notes who typed a code.
func (s *storage) admit(userCode, person string) error {
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
	s.choose(w, choice{Device: true, Code: r.FormValue("user_code")})
}

func (s *storage) deviceLogin(w http.ResponseWriter, r *http.Request) {
	person := r.FormValue("person")
	if _, err := Find(person); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if err := s.admit(r.FormValue("user_code"), person); err != nil {
		http.Error(w, "This code is unknown, over or used. Begin again on the device.", http.StatusGone)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Done. Go back to your terminal.\n"))
}
