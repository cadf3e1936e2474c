package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/program"
)

// service is somebody's service, with every operation of the protocol.
type service struct {
	*httptest.Server
	key *standardwebhooks.Webhook

	mu      sync.Mutex
	open    map[string]*program.Grant
	revoked map[string]bool
	secrets map[string]secret
	calls   map[string]bool
	widened map[string]bool // grants that somebody gave more
	forge   func(w http.ResponseWriter, id string, body []byte) bool
}

type secret struct {
	grant string
	ends  time.Time
}

const secretText = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

func startService(t *testing.T) *service {
	key, err := standardwebhooks.NewWebhook(strings.TrimPrefix(secretText, "whsec_"))
	require.NoError(t, err)
	s := &service{key: key, open: map[string]*program.Grant{}, revoked: map[string]bool{}, secrets: map[string]secret{}, calls: map[string]bool{}, widened: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /ramp", s.call)
	mux.HandleFunc("POST /probe", s.probe)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func described() program.Description {
	return program.Description{Ramp: 1, Name: "the orders", Operations: []program.Operation{program.OpResolve, program.OpExtend, program.OpMint, program.OpDrift, program.OpInventory},
		Fields:  []program.Field{{Name: "what", Required: true, Allowed: []string{"orders", "refunds"}}, {Name: "tables", List: true, Pattern: "[a-z]+"}},
		Summary: "Read {what}", Ends: "the service ends it", EndsByItself: true, Credential: "vault", Lists: []string{"tables"},
		Examples: []access.Entitlement{{"what": "orders"}, {"what": "refunds", "tables": []any{"a", "b"}}}}
}

func (s *service) call(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	id := r.Header.Get(standardwebhooks.HeaderWebhookID)
	if err != nil || s.key.Verify(body, r.Header) != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var c program.Request
	if err := json.Unmarshal(body, &c); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls[id] {
		w.WriteHeader(http.StatusConflict)
		return
	}
	s.calls[id] = true
	reply := s.replyTo(c)
	reply.Ramp, reply.Call = 1, c.Call
	out, err := json.Marshal(reply)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if s.forge != nil && s.forge(w, id, out) {
		return
	}
	if err := sign(w.Header(), s.key, id, out); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	_, _ = w.Write(out)
}

// sign signs a message as the scheme says.
func sign(h http.Header, by *standardwebhooks.Webhook, id string, message []byte) error {
	now := time.Now()
	signature, err := by.Sign(id, now, message)
	h.Set(standardwebhooks.HeaderWebhookID, id)
	h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	h.Set(standardwebhooks.HeaderWebhookSignature, signature)
	return err
}

func failure(code access.Code, message string) program.Reply {
	return program.Reply{Error: &program.Failure{Code: code, Message: message}}
}

func (s *service) replyTo(c program.Request) program.Reply {
	done := program.Reply{Done: true}
	if c.Ramp != 1 {
		return failure(access.CodeInvalid, "version 1 is spoken here")
	}
	if !time.Now().Before(c.Deadline) {
		return failure(access.CodeUnavailable, "too late")
	}
	g := c.Grant
	if g == nil {
		g = &program.Grant{}
	}
	there := s.open[g.Name]
	switch c.Operation {
	case program.OpDescribe:
		d := described()
		return program.Reply{Description: &d}
	case program.OpResolve:
		return program.Reply{Scope: &access.Scope{Summary: "the service's own words", Facts: map[string]string{"owner": "shop"}}}
	case program.OpGrant:
		if s.revoked[g.Name] {
			return failure(access.CodeConflict, "it was revoked")
		}
		if there == nil || there.ExpiresAt.Before(g.ExpiresAt) {
			s.open[g.Name] = g
		}
		return done
	case program.OpInspect:
		open := there != nil
		return program.Reply{Open: &open}
	case program.OpRevoke:
		s.revoked[g.Name] = true
		delete(s.open, g.Name)
		delete(s.widened, g.Name)
		return done
	case program.OpList:
		listed := []integrations.ListedGrant{}
		for name, one := range s.open {
			listed = append(listed, integrations.ListedGrant{Name: name, ExpiresAt: one.ExpiresAt})
		}
		return program.Reply{Grants: &listed}
	case program.OpInventory:
		choices := []access.Choice{{Value: "a"}, {Value: "b", Label: "the second"}}
		return program.Reply{Choices: &choices}
	case program.OpDrift:
		differences := []string{}
		if there != nil {
			differences = append(differences, integrations.EndDrift("it ends at", there.ExpiresAt, g.ExpiresAt)...)
			if s.widened[g.Name] {
				differences = append(differences, "it gives more\nthan\u202e was granted")
			}
		}
		return program.Reply{Differences: &differences}
	}
	if there == nil {
		return failure(access.CodeNotFound, "nothing is open")
	}
	switch c.Operation {
	case program.OpExtend:
		there.ExpiresAt = slices.MaxFunc([]time.Time{there.ExpiresAt, g.ExpiresAt}, time.Time.Compare)
		return done
	case program.OpRestore:
		there.ExpiresAt = integrations.RestoredEnd(there.ExpiresAt, g.ExpiresAt)
		delete(s.widened, g.Name)
		return done
	case program.OpMint:
		key := fmt.Sprintf("secret-%d", len(s.secrets))
		s.secrets[key] = secret{g.Name, g.ExpiresAt}
		return program.Reply{Credential: &access.Credential{Kind: "vault", Env: map[string]string{"VAULT_TOKEN": key}, ExpiresAt: g.ExpiresAt, Hint: "use it"}}
	}
	return failure(access.CodeInvalid, "there is no such operation")
}

// probe looks at the service past the protocol.
func (s *service) probe(w http.ResponseWriter, r *http.Request) {
	var q struct {
		Probe, Way string
		Grant      program.Grant
		Credential access.Credential
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{"done": true}
	switch q.Probe {
	case "names":
		names := []string{}
		for name := range s.open {
			names = append(names, name)
		}
		out["names"], out["ways"] = names, []string{"more", "longer"}
	case "remove":
		delete(s.open, q.Grant.Name)
	case "widen":
		if q.Way == "more" {
			s.widened[q.Grant.Name] = true
		} else {
			s.open[q.Grant.Name].ExpiresAt = s.open[q.Grant.Name].ExpiresAt.Add(time.Hour)
		}
	case "use":
		key, known := s.secrets[q.Credential.Env["VAULT_TOKEN"]]
		there, now := s.open[key.grant], time.Now()
		out["works"] = known && there != nil && now.Before(there.ExpiresAt)
	}
	_ = json.NewEncoder(w).Encode(out)
}
