package servicenow

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
)

// TestWorkNotes: once for each mark, on the record of the number, and not at all where the
// user may not write them, which ServiceNow does not say.
func TestWorkNotes(t *testing.T) {
	s, c := start(t)
	sn, err := Open(c)
	require.NoError(t, err)
	const id = "0123456789abcdef0123456789abcdef"
	var notes []string
	writable, lost := true, false
	s.Fault(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query().Get("sysparm_query")
		switch {
		case r.Method == http.MethodPatch && r.URL.Path == "/api/now/table/incident/"+id:
			var in map[string]string
			require.NoError(t, json.NewDecoder(r.Body).Decode(&in))
			if writable {
				notes = append(notes, in["work_notes"])
			}
			if lost {
				panic(http.ErrAbortHandler)
			}
			_, _ = io.WriteString(w, `{"result":{"sys_id":"`+id+`"}}`)
		case r.URL.Path == "/api/now/table/sys_journal_field":
			_, mark, _ := strings.Cut(query, "^valueLIKE")
			if strings.Contains(strings.Join(notes, "\n"), mark) && strings.HasPrefix(query, "element_id="+id+"^element=work_notes^") {
				_, _ = io.WriteString(w, `{"result":[{"element_id":"`+id+`"}]}`)
				return
			}
			_, _ = io.WriteString(w, `{"result":[]}`)
		case query == "number=INC0010001":
			_, _ = io.WriteString(w, `{"result":[{"sys_id":"`+id+`","number":"INC0010001","sys_class_name":"incident"}]}`)
		default:
			_, _ = io.WriteString(w, `{"result":[]}`)
		}
	})
	lost = true
	require.Error(t, sn.Comment(t.Context(), "INC0010001", "ramp-notice 1", "text [code]<b>[/code]"))
	lost = false
	for range 2 {
		require.NoError(t, sn.Comment(t.Context(), "INC0010001", "ramp-notice 1", "text"))
	}
	require.Equal(t, []string{"text (code)<b>(/code)\nramp-notice 1"}, notes)
	writable = false
	require.ErrorContains(t, sn.Comment(t.Context(), "INC0010001", "ramp-notice 2", "text"), "took no work note")
	for _, key := range []string{"INC0010002", "INC1^ORactive=true"} {
		require.Equal(t, access.CodeNotFound, access.CodeOf(sn.Comment(t.Context(), key, "ramp-notice 3", "text")))
	}
	require.Len(t, notes, 1)
}
