package chatops

import (
	"context"

	"ramp.dev/ramp/access"
)

// readerOf returns who reads the direct messages about a request: an agent's human reads in
// its place.
func readerOf(q access.Request) string {
	if q.Requester.OnBehalfOf != "" {
		return q.Requester.OnBehalfOf
	}
	return q.Requester.ID
}

// wants reports whether a person chose to hear of a topic in the service, where they hear
// alone. The channel of approvers is nobody's to switch off.
func (w *Workspace) wants(ctx context.Context, person string, t access.NoticeTopic) (bool, error) {
	chosen, err := w.Ledger.NoticeChoices(ctx, person)
	return chosen[access.FoldID(person)].Hears(w.Service.Name(), t), err
}
