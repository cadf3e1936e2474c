package pages

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/contracts"
)

// TestAskForTheNextWindow: the box is there where a contract has windows, stays ticked over
// a mistake, and means nothing elsewhere or with break glass.
func TestAskForTheNextWindow(t *testing.T) {
	p, err := New(nil, nil, TemporalUI{})
	require.NoError(t, err)
	windows := contracts.Offer{Contract: "c", During: "Mon 08:00 to 10:00 (UTC)", BreakGlass: &contracts.OfferBreakGlass{Max: access.Duration(1)}}
	html := shown(t, p, "ask", askPage{Offer: windows, Values: map[string]string{"inNextWindow": "true"}})
	require.Regexp(t, `name="inNextWindow" value="true" checked`, html)
	require.NotContains(t, shown(t, p, "ask", askPage{Offer: contracts.Offer{Contract: "c"}}), "inNextWindow")
	for form, want := range map[string]bool{"inNextWindow=true": true, "": false, "inNextWindow=true&breakGlass=true": false} {
		r := httptest.NewRequest(http.MethodPost, "/ask/c", strings.NewReader(form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		in, values := readAsk(echo.New().NewContext(r, httptest.NewRecorder()), windows)
		require.Equal(t, want, in.InNextWindow, form)
		require.Contains(t, values, "inNextWindow")
		in, _ = readAsk(echo.New().NewContext(r, httptest.NewRecorder()), contracts.Offer{Contract: "c"})
		require.False(t, in.InNextWindow)
	}
}
