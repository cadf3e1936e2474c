package jsonhttp

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/internal/secret"
)

// File is what one address gives to everybody who knows it, such as a calendar: the
// address is the secret, so no error has it. It is safe for concurrent use.
type File struct {
	name    string // for errors: the calendar
	address *secret.Cached
	http    *http.Client
	most    int64
	apart   clocksApart
}

// OpenFile returns the file at an address, of at most so many bytes. Of the configuration
// it takes caFile alone. Errors are those of Config.Open.
func (c Config) OpenFile(name string, address field.Secret, most int64) (*File, error) {
	own, _, err := c.client(nil)
	return &File{name: name, address: address.Cached(), http: own, most: most}, err
}

// Read returns the file as it is now. Errors are of code unavailable, or throttled with
// the time to wait.
func (f *File) Read(ctx context.Context) ([]byte, error) {
	text, err := f.address.Read(ctx)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the address of %s cannot be read", f.name)
	}
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Hostname() == "" {
		return nil, access.Errorf(access.CodeUnavailable, "the address of %s is no address", f.name)
	}
	host := url.URL{Scheme: u.Scheme, Host: u.Host}
	if len(integrations.CheckAddress("", host.String())) > 0 {
		return nil, access.Errorf(access.CodeUnavailable, "the address of %s is not https", f.name)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, access.Errorf(access.CodeUnavailable, "the address of %s is no address", f.name)
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, f.failed(err)
	}
	defer resp.Body.Close()
	f.apart.see(resp.Header)
	if resp.StatusCode != http.StatusOK {
		code := access.CodeUnavailable
		if resp.StatusCode == http.StatusTooManyRequests {
			code = access.CodeThrottled
		}
		return nil, access.RetryAfter(access.Errorf(code, "the server of %s returns %d", f.name, resp.StatusCode), integrations.RetryAfter(resp.Header))
	}
	body, err := read(resp.Body, f.most)
	if err != nil {
		return nil, f.failed(err)
	}
	return body, nil
}

func (f *File) failed(err error) error {
	var network *url.Error
	if errors.As(err, &network) {
		err = network.Err
	}
	return access.Errorf(access.CodeUnavailable, "%s: %w", f.name, err)
}

// ClocksApart returns how far the server's clock is from this machine's, as Client's does.
func (f *File) ClocksApart() time.Duration { return time.Duration(f.apart.Load()) }
