package sample

import (
	"bytes"
	"embed"
	"html/template"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

//go:embed templates
var templateFiles embed.FS

// render makes a page out of a template. Pages have no script and load nothing, so that
// they open from a disk, years later; what people wrote is escaped.
func render(name string, content any) ([]byte, error) {
	t, err := template.New(name).Funcs(template.FuncMap{
		"time": pageTime, "packName": PackName, "pageName": PageName, "join": strings.Join, "verdict": verdict,
		"phrase": func(e access.Event) string { return e.Phrase() },
		"style": func() (template.CSS, error) {
			b, err := templateFiles.ReadFile("templates/style.css")
			return template.CSS(b), err // #nosec G203 -- a file of this program
		},
	}).ParseFS(templateFiles, "templates/"+name, "templates/parts.html")
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, content)
	return b.Bytes(), err
}

// pageTime returns a time in UTC: a page without a script knows no other zone.
func pageTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// verdict returns the class of what an item came to.
func verdict(i Item) string {
	switch {
	case !i.Proven():
		return "bad"
	case i.Dropped != nil:
		return "dropped"
	case i.Conclusion == evidence.ProvenEndedLate || i.Conclusion == evidence.ProvenOverdue:
		return "late"
	}
	return "good"
}

func indexPage(m Manifest) ([]byte, error) {
	at, err := evidence.ReadCheckpoint(m.Checkpoint)
	if err != nil {
		return nil, err
	}
	counts := map[string]int{}
	for _, i := range m.Requests {
		counts[verdict(i)]++
	}
	return render("index.html", struct {
		Manifest
		Log                   evidence.Checkpoint
		Good, Late, Bad, Gone int
	}{m, at, counts["good"], counts["late"], counts["bad"], counts["dropped"]})
}

func requestPage(i Item, p evidence.Pack, r evidence.Report) ([]byte, error) {
	contents, err := p.Contents()
	unreadable := ""
	if err != nil {
		unreadable = err.Error()
	}
	return render("request.html", struct {
		Item
		Report     evidence.Report
		Pack       evidence.Pack
		Contents   evidence.PackContents
		Unreadable string
	}{i, r, p, contents, unreadable})
}
