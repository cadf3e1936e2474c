package ledger

import (
	"context"
	"fmt"

	"ramp.dev/ramp/access"
)

// AskExtension records an order to extend that people decide, with its signed statement,
// after the seen ones of the same number. Two that are asked for at one instant both saw
// the same ones, and the second is CodeConflict: a bound on how many there may be would
// otherwise count for neither. The same order again changes nothing.
func (l *Ledger) AskExtension(ctx context.Context, o access.ExtensionOrder, envelope []byte, seen int) error {
	t := access.ExtensionAsked(o, envelope)
	return l.tx(ctx, func(q querier) error {
		if _, err := q.lockRequest(ctx, o.RequestID); err != nil {
			return err
		}
		var others int
		if err := q.row(ctx, `SELECT count(*) FROM statements WHERE request_id = ? AND key LIKE ? AND key <> ?`,
			o.RequestID, fmt.Sprintf("%sextension %d %%", access.KeyAskedPrefix, o.Number), t.Statements[0].Key).Scan(&others); err != nil {
			return err
		}
		if others != seen {
			return access.Refuse(access.CodeConflict, "extension_waits", "another extension was asked for in the meantime; look at the request again")
		}
		return q.advance(ctx, t)
	})
}
