package identitycenter

import (
	"context"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/awsapi"
	"ramp.dev/ramp/integrations/pacing"
)

const (
	// accountPages is how many pages of 20 accounts are read in a second.
	accountPages = 8
	// accountsNew is how old the accounts are when they are read again, and
	// accountsOld when they are of no use any more.
	accountsNew, accountsOld = 10 * time.Minute, time.Hour
	// accountsLimit bounds one reading of all accounts.
	accountsLimit = 15 * time.Minute
)

// account is one account of the organisation.
type account struct{ id, name string }

// accounts keeps the organisation's accounts. To read two thousand takes a hundred
// calls, and so longer than a caller waits: they are read in the background, within
// the limits of AWS, and what was read last is returned meanwhile.
type accounts struct {
	pace *pacing.Limiter

	mu      sync.Mutex
	kept    []account
	at      time.Time // when the reading began that kept is of
	reading *reading  // nil if none is under way
}

type reading struct {
	done chan struct{}
	read int // so far; guarded by accounts.mu
	err  error
}

// get returns all accounts that are active. Errors are also of code unavailable: they
// are being read, for longer than the caller waits.
func (a *accounts) get(ctx context.Context, org *organizations.Client) ([]account, error) {
	a.mu.Lock()
	age := time.Since(a.at)
	if a.at.IsZero() || age > accountsNew {
		if a.reading == nil {
			a.reading = &reading{done: make(chan struct{})}
			go a.run(context.WithoutCancel(ctx), org, a.reading)
		}
	}
	now := a.reading
	if !a.at.IsZero() && age <= accountsOld {
		defer a.mu.Unlock()
		return a.kept, nil
	}
	a.mu.Unlock()
	select {
	case <-now.done:
	case <-ctx.Done():
		a.mu.Lock()
		defer a.mu.Unlock()
		return nil, access.Errorf(access.CodeUnavailable, "the organisation's accounts are being read, %d so far: %w", now.read, ctx.Err())
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.kept, now.err
}

// run reads all accounts. Being throttled slows it down, and is no failure.
func (a *accounts) run(ctx context.Context, org *organizations.Client, now *reading) {
	ctx, cancel := context.WithTimeout(ctx, accountsLimit)
	defer cancel()
	began := time.Now()
	all, err := a.readAll(ctx, org, now)
	a.mu.Lock()
	defer a.mu.Unlock()
	if now.err = err; err == nil {
		a.kept, a.at = all, began
	}
	a.reading = nil
	close(now.done)
}

func (a *accounts) readAll(ctx context.Context, org *organizations.Client, now *reading) (all []account, err error) {
	in := &organizations.ListAccountsInput{}
	for {
		if err := a.pace.Wait(ctx, pacing.Opening, time.Time{}); err != nil {
			return nil, access.Errorf(access.CodeUnavailable, "reading the organisation's accounts: %w", err)
		}
		page, err := org.ListAccounts(ctx, in)
		if access.CodeOf(awsapi.Mapped(err)) == access.CodeThrottled && err != nil {
			a.pace.BackOff(access.RetryAfterOf(awsapi.Mapped(err)))
			continue
		}
		if err != nil {
			return nil, awsapi.Mapped(err)
		}
		for _, one := range page.Accounts {
			if one.State == types.AccountStateActive || one.State == "" && one.Status == types.AccountStatusActive {
				all = append(all, account{aws.ToString(one.Id), label(aws.ToString(one.Name))})
			}
		}
		a.mu.Lock()
		now.read = len(all)
		a.mu.Unlock()
		if aws.ToString(page.NextToken) == "" {
			return all, nil
		}
		in.NextToken = page.NextToken
	}
}

// maxLabel is how long the name of a choice may be, in characters.
const maxLabel = 120

// label returns an account's name as people are shown it. One bad name must not take
// the whole list away.
func label(name string) string {
	return strings.TrimSpace(access.Clip(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name), maxLabel-1))
}
