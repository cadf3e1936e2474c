package temporalserver

import (
	"encoding/json"
	"html/template"
	"net/http"
)

// columnsCookie says that a browser has been told the columns.
const columnsCookie = "ramp-columns"

// columnsKey is where the UI keeps its columns, by namespace, in the browser's local
// storage. It has no setting for them on the server.
const columnsKey = "namespace-workflow-table-columns"

var columnsPage = template.Must(template.New("columns").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Temporal UI</title>
<script>if (!localStorage.getItem({{.Key}})) localStorage.setItem({{.Key}}, {{.Value}}); location.reload()</script>
<noscript><meta http-equiv="refresh" content="0"></noscript></head></html>`))

// withColumns shows the given columns in the UI's list of workflows. The first page
// that a browser opens writes them where the UI keeps them, unless the person has
// chosen columns already, and then loads what was asked for.
func withColumns(columns []string, next http.Handler) http.Handler {
	type column struct {
		Label string `json:"label"`
	}
	list := []column{}
	for _, name := range columns {
		list = append(list, column{name})
	}
	value, err := json.Marshal(map[string][]column{Namespace: list})
	if err != nil {
		panic(err) // a map of lists of texts always marshals
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, err := r.Cookie(columnsCookie)
		if err == nil || r.Header.Get("Sec-Fetch-Dest") != "document" {
			next.ServeHTTP(w, r)
			return
		}
		http.SetCookie(w, &http.Cookie{Name: columnsCookie, Value: "set", Path: "/", MaxAge: 400 * 24 * 60 * 60, // #nosec G124 -- no secret, on loopback without TLS
			HttpOnly: true, SameSite: http.SameSiteLaxMode})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		_ = columnsPage.Execute(w, map[string]string{"Key": columnsKey, "Value": string(value)})
	})
}
