package server

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
	"ramp.dev/ramp/evidence"
)

const accountContract = `apiVersion: ramp/v1
kind: Contract
metadata: {name: account-read}
request:
  who: '"engineering" in person.groups'
  params:
    account: {type: string, required: true, choices: {from: aws/prod, list: accounts, where: 'choice.owner == person.id', max: 500}}
duration: {default: 30m, max: 1h}
grants: [{target: ssh/demo, entitlement: {user: '{{ params.account }}'}}]
approval: {stages: [{name: lead, from: [approvers]}]}
`

// withAccounts is a fixture with a contract of choices, and a worker that says what there is.
func withAccounts(t *testing.T) (f *fixture, keep func(by *evidence.Signer, at time.Time, choices ...access.Choice), worker *evidence.Signer) {
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	worker = evidence.NewSigner(key)
	f = newFixtureWith(t, func(f *fixture, d *Deps) {
		d.Workers = evidence.NewKeyring(worker.Public())
		require.NoError(t, os.WriteFile(filepath.Join(f.dir, "contracts", "accounts.yaml"), []byte(accountContract), 0o600))
	})
	name := access.InventoryName{Target: "aws/prod", List: "accounts"}
	return f, func(by *evidence.Signer, at time.Time, choices ...access.Choice) {
		e, err := by.SignInventory(access.Inventory{Target: name.Target, List: name.List, Choices: choices, At: at.UTC().Truncate(time.Second)})
		require.NoError(t, err)
		b, err := json.Marshal(e)
		require.NoError(t, err)
		require.NoError(t, f.ledger.KeepInventory(t.Context(), name, b, time.Now()))
	}, worker
}

func accountsOf(n int) (out []access.Choice) {
	for i := range n {
		owner := []string{"alice", "bob"}[i%2]
		out = append(out, access.Choice{Value: fmt.Sprintf("%012d", 100+i), Label: fmt.Sprintf("Account %d", i), Attributes: map[string]string{"owner": owner}})
	}
	return out
}

// TestChoicesOfAPerson: the API lists what the contract lets this person choose and nothing
// else, from what the target's worker has signed; the page suggests it, the plan holds it,
// and what is forged in the ledger, or old, can be chosen by nobody.
func TestChoicesOfAPerson(t *testing.T) {
	f, keep, worker := withAccounts(t)
	const path = "/api/v1/catalog/account-read/params/account/choices"
	list := func(who, query string, want int) (page contracts.ChoicePage) {
		w := f.call(f.token(who), "GET", path+query, "", "")
		require.Equal(t, want, w.Code, "%s", w.Body)
		if want == http.StatusOK {
			require.NoError(t, json.Unmarshal(w.Body.Bytes(), &page))
		}
		return page
	}
	ask := func(account string) (int, string) {
		w := f.call(f.token("alice"), "POST", "/api/v1/requests", jsonType, `{"contract": "account-read", "reason": "because it is needed now", "params": {"account": "`+account+`"}}`)
		return w.Code, w.Body.String()
	}
	require.Contains(t, list("alice", "", 200).Unknown, "no worker has said")
	code, body := ask("000000000100")
	require.Equal(t, http.StatusForbidden, code)
	require.Contains(t, body, "choices_unknown")

	all := accountsOf(400)
	keep(worker, time.Now(), all...)
	page := list("alice", "", 200)
	require.Len(t, page.Items, 50)
	require.Equal(t, all[0], page.Items[0])
	require.Equal(t, all[2], page.Items[1])
	next := list("alice", "?limit=200&cursor="+page.NextCursor, 200)
	require.Len(t, next.Items, 150)
	require.Empty(t, next.NextCursor)
	require.Equal(t, []access.Choice{all[42]}, list("alice", "?q=ACCOUNT+"+all[42].Value, 200).Items)
	require.Empty(t, list("alice", "?q="+all[43].Value, 200).Items, "it is another's")
	list("dave", "", http.StatusNotFound) // the contract is not theirs
	list("alice", "?limit=201", http.StatusBadRequest)
	require.Equal(t, http.StatusNotFound, f.call(f.token("alice"), "GET", "/api/v1/catalog/account-read/params/other/choices", "", "").Code)
	require.Equal(t, http.StatusNotFound, f.call(f.token("alice"), "GET", "/api/v1/catalog/ssh-demo/params/account/choices", "", "").Code)

	html := f.call(f.token("alice"), "GET", "/ask/account-read", "", "").Body.String()
	require.Contains(t, html, `data-choices="/api/v1/catalog/account-read/params/account/choices"`)
	require.Contains(t, html, `<option value="000000000100">Account 0</option>`)
	require.NotContains(t, html, all[1].Value)

	code, body = ask(all[42].Value)
	require.Equal(t, http.StatusCreated, code, body)
	var r access.Request
	require.NoError(t, json.Unmarshal([]byte(body), &r))
	require.Equal(t, []access.Chosen{{Param: "account", Target: "aws/prod", List: "accounts", Choice: all[42], Inventory: page.Inventory, At: page.At}}, r.Plan.Choices)
	html = f.call(f.token("alice"), "GET", "/requests/"+r.ID, "", "").Body.String()
	require.Contains(t, html, "Chosen account")
	require.Contains(t, html, "Account 42")
	code, body = ask(all[43].Value)
	require.Equal(t, http.StatusBadRequest, code)
	require.Contains(t, body, "choice_not_allowed")
	require.NotContains(t, body, "Account 43")

	keep(f.signer, time.Now(), all[42]) // a server is no worker
	require.Contains(t, list("alice", "", 200).Unknown, "no worker has said")
	code, _ = ask(all[44].Value)
	require.Equal(t, http.StatusForbidden, code)
	keep(worker, time.Now().Add(-2*time.Hour), all...)
	require.Contains(t, list("alice", "", 200).Unknown, "takes nothing older than 1h")
	code, body = ask(all[44].Value)
	require.Equal(t, http.StatusForbidden, code)
	require.Contains(t, body, "choices_unknown")
}
