package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/ledger"
	"ramp.dev/ramp/server/app"
	"ramp.dev/ramp/server/auth"
)

// TestScreens writes the page about oneself with all that can be on it, to be looked at:
// go test ./server/pages -run TestScreens -artifacts -outputdir DIR.
func TestScreens(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	at := time.Date(2026, 3, 1, 2, 14, 0, 0, time.UTC)
	topics := access.NoticeTopics(access.NoticeMail)
	content := youPage{Operator: true, Auditor: true,
		Sessions: []auth.SessionInfo{{UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", Current: true, Address: "192.0.2.7", CreatedAt: at, LastUsedAt: at, ExpiresAt: at}},
		External: []externalPart{
			{ExternalAccount: app.ExternalAccount{ExternalService: app.ExternalService{Service: "slack", Name: "Slack", Command: "/ramp link", Asks: true},
				Link: &ledger.ExternalLink{ExternalUser: ledger.ExternalUser{User: "U0123456789"}, Name: "bob", LinkedAt: at}}},
			{ExternalAccount: app.ExternalAccount{ExternalService: app.ExternalService{Service: "github", Name: "GitHub", Command: "/ramp link", ByUser: true}}},
			{ExternalAccount: app.ExternalAccount{ExternalService: app.ExternalService{Service: "jira", Name: "Jira", Command: "/ramp link", ByUser: true}}, Code: "7JQ2-MPX4-ZK9D-WH5T", User: "5b10ac8d82e05b22cc7d4ef5"},
			{ExternalAccount: app.ExternalAccount{ExternalService: app.ExternalService{Service: "teams", Name: "Teams", Asks: true}}, Login: access.Duration(time.Hour)},
		},
		Notices: noticesOf(access.NoticeSettings{NoticeChoice: access.NoticeChoice{Zone: "Europe/Berlin"},
			Channels: []access.NoticeChannel{{Name: access.NoticeMail, Topics: topics}, {Name: "slack", Topics: topics[len(topics)-1:]}}})}
	html := shown(t, p, "you", content)
	for _, says := range []string{"U0123456789", "7JQ2-MPX4-ZK9D-WH5T", "Europe/Berlin", "Sign out everywhere"} {
		require.Contains(t, html, says)
	}
	styles, err := staticFiles.ReadFile("static/ramp.css")
	require.NoError(t, err)
	html = strings.Replace(html, "</head>", "<style>"+string(styles)+"</style></head>", 1)
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "you.html"), []byte(html), 0o600))
}
