package jsonhttp

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestShortPages: a service whose pages are shorter than asked for hides nobody either when
// somebody leaves while its list is read.
func TestShortPages(t *testing.T) {
	s, c := start(t)
	people := []string{"ann", "bob", "cem", "dan", "eve"}
	const size = 2
	s.reply = func(w http.ResponseWriter, r *http.Request) {
		page, err := strconv.Atoi(r.URL.Query().Get("page"))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		from := min((page-1)*size, len(people))
		_ = json.NewEncoder(w).Encode(people[from:min(from+size, len(people))])
		if page == 2 && people[0] == "ann" {
			people = people[1:]
		}
	}
	var read []string
	found, err := List(t.Context(), open(t, c), "/people", nil, func(one string) { read = append(read, one) })
	require.NoError(t, err)
	require.True(t, found)
	require.Equal(t, []string{"bob", "cem", "dan", "eve"}, read)
}
