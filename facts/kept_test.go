package facts

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	logs "github.com/sirupsen/logrus/hooks/test"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
	"ramp.dev/ramp/facts/source"
)

// TestKept: a service is asked once for those who ask at once and within seconds; each
// reply keeps the time that it is of, and one that failed is not kept.
func TestKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int32
		var fails error
		k := newKept(sourceFunc(func(context.Context) (source.Reply, error) {
			asOf := time.Now()
			calls.Add(1)
			time.Sleep(time.Second)
			return source.Reply{AsOf: asOf, Ticket: &access.Ticket{Open: true}}, fails
		}), keepReply)
		f := of(k, 0)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() { assert.Equal(t, access.FactKnown, f.Ask(t.Context(), ticketQuestion)[0].State) })
		}
		all.Wait()
		require.EqualValues(t, 1, calls.Load())
		time.Sleep(8 * time.Second)
		got := f.Ask(t.Context(), ticketQuestion)[0]
		require.EqualValues(t, 1, calls.Load())
		require.Equal(t, 9*time.Second, got.At.Sub(*got.AsOf), "its age is in the trace")
		require.Contains(t, got.String(), "9s old")
		time.Sleep(time.Second)
		fails = errors.New("503")
		require.Equal(t, access.FactUnknown, f.Ask(t.Context(), ticketQuestion)[0].State, "what was known before does not count")
		fails = nil
		require.Equal(t, access.FactKnown, f.Ask(t.Context(), ticketQuestion)[0].State)
		require.EqualValues(t, 3, calls.Load())
	})
}

// TestShiftIsOver: a rota is asked again once the shift that it named is over.
func TestShiftIsOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		k := newKept(sourceFunc(func(context.Context) (source.Reply, error) {
			calls++
			return source.Reply{AsOf: time.Now(), OnCall: &access.OnCall{People: []string{"alice"}, Until: new(time.Now().Add(3 * time.Second))}}, nil
		}), keepReply)
		for range 2 {
			_, err := k.Ask(t.Context(), access.FactOnCall, "db")
			require.NoError(t, err)
		}
		require.Equal(t, 1, calls)
		time.Sleep(3 * time.Second)
		_, err := k.Ask(t.Context(), access.FactOnCall, "db")
		require.NoError(t, err)
		require.Equal(t, 2, calls)
	})
}

// TestRetryAfter: a service that asks for fewer calls gets none until then, nobody waits
// meanwhile, and nothing is known.
func TestRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		k := newKept(sourceFunc(func(context.Context) (source.Reply, error) {
			calls++
			return source.Reply{}, access.RetryAfter(access.Errorf(access.CodeThrottled, "slower"), 30*time.Second)
		}), keepReply)
		f := of(k, 0)
		for range 5 {
			require.Equal(t, access.FactUnknown, f.Ask(t.Context(), ticketQuestion, onCallQuestion)[0].State)
		}
		require.LessOrEqual(t, calls, 2)
		before := calls
		require.Contains(t, f.Ask(t.Context(), ticketQuestion)[0].Why, "the service asks Ramp to wait until")
		require.Equal(t, before, calls)
		time.Sleep(31 * time.Second)
		f.Ask(t.Context(), ticketQuestion)
		require.Equal(t, before+1, calls)
	})
}

// TestServices: each kind opens with what it needs, and says what is missing or too much.
func TestServices(t *testing.T) {
	token := source.Config{People: map[string]string{"1": "alice"}}
	t.Setenv("RAMP_TEST_TOKEN", "x")
	token.Token = field.SecretEnv("RAMP_TEST_TOKEN")
	with := func(kind string, change func(*Config)) map[string]Config {
		c := Config{Kind: kind, Config: token}
		change(&c)
		return map[string]Config{"s": c}
	}
	address := func(c *Config) { c.Address = "https://acme.example.com/jira" }
	for what, c := range map[string]struct {
		sources map[string]Config
		want    string
	}{
		"jira":                  {with("jira", address), ""},
		"servicenow":            {with("servicenow", func(c *Config) { address(c); c.Table = "incident" }), ""},
		"github":                {with("github", func(c *Config) { c.Projects = []string{"acme/ops"} }), ""},
		"gitlab":                {with("gitlab", func(c *Config) { c.Projects = []string{"acme/ops"} }), ""},
		"pagerduty":             {with("pagerduty", func(*Config) {}), ""},
		"opsgenie":              {with("opsgenie", func(c *Config) { c.Schedules = map[string]string{"db": "1"} }), ""},
		"calendar":              {map[string]Config{"s": {Kind: "calendar", Config: source.Config{Emails: true, Calendars: map[string]field.Secret{"db": field.SecretEnv("X")}}}}, ""},
		"no address":            {with("jira", func(*Config) {}), "s.address address_malformed,s.address address_missing"},
		"in clear":              {with("jira", func(c *Config) { c.Address = "http://jira.example.com" }), "s.address address_insecure"},
		"no token":              {with("jira", func(c *Config) { address(c); c.Token = field.Secret{} }), "s.token token_missing"},
		"nobody":                {with("jira", func(c *Config) { address(c); c.People = nil }), "s.people people_missing"},
		"too much":              {with("jira", func(c *Config) { address(c); c.File = "x"; c.Schedules = map[string]string{"a": "b"} }), "s.file field_unused,s.schedules field_unused"},
		"a table that is none":  {with("servicenow", func(c *Config) { address(c); c.Table = "a/b" }), "s.table table_malformed"},
		"a severity of zero":    {with("jira", func(c *Config) { address(c); c.Severities = map[string]int{"High": 0} }), "s.severities severity"},
		"a file with a token":   {with("file", func(c *Config) { c.File = "x" }), "s.people field_unused,s.token field_unused"},
		"a calendar of nothing": {map[string]Config{"s": {Kind: "calendar", Config: source.Config{Emails: true, Calendars: map[string]field.Secret{"db": {}}}}}, "s.calendars calendar_malformed"},
	} {
		var got []string
		for _, is := range Validate("facts", c.sources) {
			got = append(got, strings.TrimPrefix(is.Field, "facts.")+" "+is.Code)
		}
		require.Equal(t, c.want, strings.Join(got, ","), what)
		if c.want == "" {
			_, err := c.sources["s"].open()
			require.NoError(t, err, what)
		}
	}
}

// TestOneThatCannotBeOpened leaves the others alone.
func TestOneThatCannotBeOpened(t *testing.T) {
	log, _ := logs.NewNullLogger()
	f := New(map[string]Config{"s": {Kind: "pagerduty", Config: source.Config{CAFile: "/none/ca.pem"}}}, log, nil)
	require.Equal(t, "its file cannot be read", f.Ask(t.Context(), ticketQuestion)[0].Why)
}
