package tickethook

import (
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/config/field"
)

// TestSignaturesAreTheVendors: the examples of the pages that signed names.
func TestSignaturesAreTheVendors(t *testing.T) {
	secret := []string{"another", "It's a Secret to Everybody"}
	for body, signature := range map[string]string{
		"Hello, World!": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17", // GitHub
		"Hello World!":  "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9", // Jira
	} {
		require.True(t, signed(secret, []byte(body), signature), body)
		require.False(t, signed(secret, []byte(body+"!"), signature), body)
		require.False(t, signed(secret[:1], []byte(body), signature), body)
	}
	for _, bad := range []string{"", "sha256=", "sha1=757107ea", "sha256=zz", "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"} {
		require.False(t, signed(secret, []byte("Hello, World!"), bad), bad)
	}
	require.False(t, signed(nil, nil, "sha256="))
}

func TestParse(t *testing.T) {
	const id = "0123456789abcdef"
	c, is, err := parse("\n /ramp deny " + id + " sha256:ab  not tonight\nnor tomorrow ")
	require.NoError(t, err)
	require.True(t, is)
	require.Equal(t, command{Verdict: access.Deny, Request: id, Digest: "sha256:ab", Comment: "not tonight\nnor tomorrow"}, c)
	c, _, err = parse("/ramp link ABCD-EFGH-IJKL")
	require.NoError(t, err)
	require.Equal(t, command{Code: "ABCD-EFGH-IJKL"}, c)
	for _, talk := range []string{"", "\n", "> /ramp approve " + id + " sha256:ab", "please /ramp approve", "/ramped", "{quote}/ramp approve{quote}"} {
		_, is, err := parse(talk)
		require.NoError(t, err, talk)
		require.False(t, is, talk)
	}
	for _, bad := range []string{"/ramp", "/ramp approve", "/ramp approve " + id, "/ramp approve ../x sha256:ab", "/ramp link", "/ramp link a b", "/ramp revoke " + id + " sha256:ab"} {
		_, is, err := parse(bad)
		require.True(t, is, bad)
		require.Equal(t, access.CodeInvalid, access.CodeOf(err), bad)
	}
}

// TestJiraText: comments come as text, or as a document whose quotations are nobody's word.
func TestJiraText(t *testing.T) {
	for body, want := range map[string]string{
		`"/ramp link A"`: "/ramp link A",
		`{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"/ramp "},{"type":"text","text":"link A"},{"type":"hardBreak"},{"type":"text","text":"b"}]},{"type":"paragraph","content":[{"type":"text","text":"c"}]}]}`: "/ramp link A\nb\nc",
		`{"type":"doc","content":[{"type":"blockquote","content":[{"type":"paragraph","content":[{"type":"text","text":"/ramp link A"}]}]}]}`:                                                                                                                 "",
		`[]`: "", `{`: "", `null`: "", `{"type":"paragraph"}`: "",
	} {
		require.Equal(t, want, jiraText([]byte(body)), body)
	}
}

// TestDataCenterNamesUsersOtherwise: by a key, which is not given twice, and a name.
func TestDataCenterNamesUsersOtherwise(t *testing.T) {
	c, is, err := jiraComment([]byte(`{"timestamp": 1516745644071, "webhookEvent": "comment_created", "comment": {"id": "43735", "author": {"key": "JIRAUSER10100", "name": "alex", "active": true}, "body": "hi"}, "issue": {"key": "OPS-1"}}`))
	require.NoError(t, err)
	require.True(t, is)
	require.Equal(t, []any{"JIRAUSER10100", "alex", true, "OPS-1", int64(1516745644071)}, []any{c.User, c.Name, c.Own, c.Ticket, c.Written.UnixMilli()})
	c, _, err = jiraComment([]byte(`{"webhookEvent": "comment_created", "comment": {"id": "1", "author": {"key": "JIRAUSER1", "active": false}}, "issue": {"key": "OPS-1"}}`))
	require.NoError(t, err)
	require.False(t, c.Own)
	// Its event of a comment may not name the ticket, and its event of the ticket does.
	const commented = `"timestamp": 1516745644071, "comment": {"id": "43735", "author": {"key": "JIRAUSER10100", "name": "alex", "active": true}, "updateAuthor": {"key": "JIRAUSER10100", "name": "alex"}, "body": "hi", "created": "2018-01-23T22:14:04.071+0000", "updated": "2018-01-23T22:14:04.071+0000"}`
	_, is, err = jiraComment([]byte(`{"webhookEvent": "comment_created", ` + commented + `}`))
	require.NoError(t, err)
	require.False(t, is)
	for actor, own := range map[string]bool{"JIRAUSER10100": true, "JIRAUSER666": false} {
		c, is, err = jiraComment([]byte(`{"webhookEvent": "jira:issue_updated", "issue_event_type_name": "issue_commented", "user": {"key": "` + actor + `", "name": "alex"}, "issue": {"key": "OPS-1"}, ` + commented + `}`))
		require.NoError(t, err)
		require.True(t, is)
		require.Equal(t, []any{"OPS-1", "43735", own}, []any{c.Ticket, c.ID, c.Own}, actor)
	}
}

// TestValidate: what is missing, and what is allowed, is said.
func TestValidate(t *testing.T) {
	secret := []field.Secret{field.SecretEnv("RAMP_TEST_NONE")}
	kinds := map[string]string{"jira": "jira", "hub": "github", "snow": "servicenow", "rota": "file"}
	for name, c := range map[string]struct {
		config Config
		codes  []string
	}{
		"nothing":            {Config{}, nil},
		"Jira":               {Config{Jira: System{Site: "acme.atlassian.net", Secrets: secret}}, nil},
		"GitHub, by name":    {Config{GitHub: System{Source: "hub", Secrets: secret}}, nil},
		"facts of a file":    {Config{GitHub: System{Source: "rota", Secrets: secret}}, nil},
		"no site":            {Config{Jira: System{Secrets: secret}}, []string{"tickets_site"}},
		"an address":         {Config{Jira: System{Site: "https://acme.atlassian.net", Secrets: secret}}, []string{"tickets_site"}},
		"no secret":          {Config{Jira: System{Site: "acme.atlassian.net"}}, []string{"secret_missing"}},
		"no source":          {Config{GitHub: System{Secrets: secret}}, []string{"tickets_source"}},
		"another's source":   {Config{GitHub: System{Source: "snow", Secrets: secret}}, []string{"tickets_source"}},
		"Jira's in GitHub's": {Config{GitHub: System{Source: "jira", Secrets: secret}}, []string{"tickets_source"}},
	} {
		var codes []string
		for _, is := range c.config.Validate("server.tickets", func(source string) string { return kinds[source] }) {
			codes = append(codes, is.Code)
		}
		require.Equal(t, c.codes, codes, name)
	}
	t.Setenv("RAMP_TEST_NONE", "too short")
	require.ErrorContains(t, Config{GitHub: System{Secrets: secret}}.Ping(t.Context()), "fewer than 20 characters")
}
