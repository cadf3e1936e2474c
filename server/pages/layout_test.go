package pages

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/server/app"
)

// TestLaidOut: JSON is read line by line, and the lines together are the fact as it was
// signed; what is short or is no JSON stays as it is.
func TestLaidOut(t *testing.T) {
	fact := `create module.grant.x["a [b"] {"a":{},"b":"{\",[\\","list":[1,[],{"deep":true}],"z":null}`
	require.Equal(t, []factLine{{0, `create module.grant.x["a [b"] {`}, {1, `"a":{},`}, {1, `"b":"{\",[\\",`}, {1, `"list":[`}, {2, `1,`}, {2, `[],`}, {2, `{`}, {3, `"deep":true`}, {2, `}`}, {1, `],`}, {1, `"z":null`}, {0, `}`}}, laidOut(fact))
	for _, plain := range []string{"", "demo", `{"short":true}`, strings.Repeat("x", 200), strings.Repeat("x", 200) + " {", `{"a":1} ` + strings.Repeat("x", 200)} {
		require.Nil(t, laidOut(plain), plain)
	}
	for _, whole := range []string{fact, `[` + strings.Repeat(`[`, 60) + strings.Repeat(`]`, 60) + `]`, `{"policy" : [ "` + strings.Repeat("é", 80) + `" , { } ] }`} {
		var b strings.Builder
		for _, line := range laidOut(whole) {
			b.WriteString(line.Text)
			require.LessOrEqual(t, line.Depth, deepestFact)
		}
		require.Equal(t, whole, b.String())
	}
}

// TestApproversReadThePlan: who may decide is led to the facts, each of which is on the page
// whole. With -artifacts it writes the page to be looked at, as TestScreens does.
func TestApproversReadThePlan(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	r := example(access.StatePending)
	r.Plan.Grants = []access.PlannedGrant{{Name: "ramp-0123456789abcdef-a", Target: "terraform/aws", Scope: access.Scope{
		Summary: `apply the module bucket-reader, which makes 2 resources, with bucket = "invoices"`,
		Ends:    "Ramp destroys it; with Ramp gone: the policy of the user has a date",
		Facts: map[string]string{"module": "bucket-reader h1:U2gJkw4LHUxAQ/0nn9xTPX8D97HwmAbjXRmGTG1r2Vc=", "plan digest": "sha256:" + strings.Repeat("0123456789abcdef", 4),
			"variables": `bucket = "invoices"`, "hands out": "the outputs key_id, secret",
			"plan 01": `create module.grant.aws_iam_user.reader {"force_destroy":true,"name":"(known after it is made)","path":"/ramp/","tags":{"grant":"(of this grant)","owner":"team-data"}}`,
			"plan 02": `create module.grant.aws_iam_user_policy.reader {"name":"read","policy":{"Statement":[{"Action":["s3:GetObject","s3:ListBucket"],"Condition":{"DateLessThan":{"aws:CurrentTime":"(the end)"}},"Effect":"Allow","Resource":["arn:aws:s3:::invoices","arn:aws:s3:::invoices/*"]}],"Version":"2012-10-17"},"user":"(known after it is made)"}`,
		}}}}
	html := shown(t, p, "request", requestPage{Request: r, Can: app.Permissions{Decide: true}})
	require.Contains(t, html, `in <a href="#plan">the plan</a>: 6 facts`)
	require.Contains(t, html, `<span class="deep0">create module.grant.aws_iam_user.reader {</span><span class="deep1">&#34;force_destroy&#34;:true,</span>`)
	require.Contains(t, html, `>the outputs key_id, secret</code>`)
	require.NotContains(t, shown(t, p, "request", requestPage{Request: r}), "all of which you decide on")
	styles, err := staticFiles.ReadFile("static/ramp.css")
	require.NoError(t, err)
	html = strings.Replace(html, "</head>", "<style>"+string(styles)+"</style></head>", 1)
	require.NoError(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "plan.html"), []byte(html), 0o600))
}
