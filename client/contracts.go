package client

import (
	"context"
	"net/http"
	"net/url"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// ContractsStatus returns which contracts the server has in force.
func (c *Client) ContractsStatus(ctx context.Context) (contracts.Status, error) {
	var out contracts.Status
	return out, c.do(ctx, http.MethodGet, "/api/v1/contracts", nil, nil, &out)
}

// UploadedContracts is a set of contracts that can be proposed: a request under Contract
// with the params set and replaces proposes it.
type UploadedContracts struct {
	Contract    string   `json:"contract"`
	Set         string   `json:"set"`      // digest of the uploaded files
	Replaces    string   `json:"replaces"` // digest of the files in force
	Contracts   int      `json:"contracts"`
	Differences []string `json:"differences"` // what would be decided otherwise, in words
	Commit      string   `json:"commit"`      // that holds them, where contracts come from a repository
	Authors     []string `json:"authors"`     // who signed what differs, and may not approve it
	Warnings    []string `json:"warnings"`    // what may keep it from ever being approved
}

// contractSet is a set of contracts: its files by name, or the commit that holds them.
type contractSet struct {
	Files  access.ContractFiles `json:"files,omitempty"`
	Commit string               `json:"commit,omitempty"`
}

// ContractsInForce returns the files of the contracts that the server has in force.
func (c *Client) ContractsInForce(ctx context.Context) (access.ContractFiles, error) {
	var out contractSet
	err := c.do(ctx, http.MethodGet, "/api/v1/contracts/files", nil, nil, &out)
	return out.Files, err
}

// UploadContracts has the server keep a set of contracts, so that the caller can propose
// it, and returns how it differs from what is in force.
func (c *Client) UploadContracts(ctx context.Context, files access.ContractFiles) (UploadedContracts, error) {
	var out UploadedContracts
	return out, c.do(ctx, http.MethodPost, "/api/v1/contract-sets", nil, contractSet{Files: files}, &out)
}

// UploadCommit has the server keep the contracts of its repository's newest commit, so
// that the caller can propose them. The commit is named by its id; "newest" is whichever it
// is.
func (c *Client) UploadCommit(ctx context.Context, commit string) (UploadedContracts, error) {
	var out UploadedContracts
	return out, c.do(ctx, http.MethodPost, "/api/v1/contract-sets", nil, contractSet{Commit: commit}, &out)
}

// ProposedContracts are the files that a request proposes, and those that they replace.
type ProposedContracts struct {
	Files    access.ContractFiles `json:"files"`
	Replaced access.ContractFiles `json:"replaced"`
}

// ProposedContracts returns the files that a request proposes, and those that they
// replace. The error is CodeEvidence if they are not the ones that the plan names: the
// server that is asked need not be believed.
func (c *Client) ProposedContracts(ctx context.Context, r access.Request) (ProposedContracts, error) {
	var out ProposedContracts
	if err := c.do(ctx, http.MethodGet, "/api/v1/requests/"+url.PathEscape(r.ID)+"/contracts", nil, nil, &out); err != nil {
		return out, err
	}
	if change := r.Plan.Change; change == nil || out.Files.Digest() != change.Set || out.Replaced.Digest() != change.Replaces {
		return ProposedContracts{}, access.Errorf(access.CodeEvidence, "the server gave other files than the plan of request %s names", r.ID)
	}
	return out, nil
}
