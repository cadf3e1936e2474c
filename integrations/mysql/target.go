package mysql

import (
	"context"
	"strings"
	"time"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations"
	"ramp.dev/ramp/integrations/pacing"
)

var (
	_ integrations.Target        = (*target)(nil)
	_ integrations.Minter        = (*target)(nil)
	_ integrations.Extender      = (*target)(nil)
	_ integrations.DriftDetector = (*target)(nil)
	_ integrations.Pinger        = (*target)(nil)
	_ integrations.Inventory     = (*target)(nil)
)

// Resolve implements integrations.Target.
func (t *target) Resolve(_ context.Context, e access.Entitlement) (access.Scope, error) {
	terms, err := t.config.termsOf(e)
	if err != nil {
		return access.Scope{}, err
	}
	var gives []string
	facts := map[string]string{"address": t.config.Clients}
	if t.config.From != "%" {
		facts["from"] = t.config.From
	}
	if len(terms.roles) > 0 {
		names := make([]string, len(terms.roles))
		for i, r := range terms.roles {
			names[i] = quoted(r)
		}
		facts["roles"] = strings.Join(names, ", ")
		gives = append(gives, "with the role "+facts["roles"])
	}
	if len(terms.objects) > 0 {
		names := make([]string, len(terms.objects))
		for i, one := range terms.objects {
			names[i] = one.String()
		}
		facts["objects"], facts["privileges"] = strings.Join(names, ", "), strings.Join(terms.privileges, ", ")
		gives = append(gives, "with "+facts["privileges"]+" on "+facts["objects"])
	}
	ends := "The server itself locks the account, takes its rights and cuts its sessions, within two seconds of the end"
	if t.config.Expiry == noExpiry {
		ends = "MariaDB knows no end of an account: while Ramp is gone, access goes on until Ramp is back"
	}
	if t.config.Sessions == byProcesslist {
		ends += ". A session that is inside somebody else's view or trigger at that moment is not seen, and goes on when it comes out of it"
	}
	if len(terms.roles) > 0 && t.config.RolesMayCreate {
		ends += ". Triggers and events that are made with access are removed at its end, and kept as text in ramp.removed; views and routines stay, and fail when they are used"
	}
	return access.Scope{Summary: "use " + t.name + " (" + t.config.Clients + ") " + strings.Join(gives, " and "), Facts: facts, Ends: ends}, nil
}

// Bounds implements integrations.Target. All goes through the primary. An operation is a
// connection.
func (t *target) Bounds() integrations.Bounds {
	return integrations.Bounds{Consistency: 0, Ending: 30 * time.Second, Rate: pacing.Rate{PerSecond: 50, Burst: 50}}
}

// Inspect implements integrations.Target. Open is while any account or role of the grant
// is there; an interrupted revoke leaves some behind. Sessions are threads of the server
// that act under the grant's name, of accounts too that somebody dropped by hand.
func (t *target) Inspect(ctx context.Context, g access.Grant) (r access.ReadBack, err error) {
	err = t.with(ctx, func(c *session) error {
		return c.call(ctx, "CALL ramp.look(?)", func(_ int, scan func(...any) error) error { return scan(&r.Open, &r.Sessions) }, g.Name)
	})
	return r, err
}

// List implements integrations.Target: every account and role of Ramp's, and sessions of
// those that were dropped by hand.
func (t *target) List(ctx context.Context) (listed []integrations.ListedGrant, err error) {
	err = t.with(ctx, func(c *session) error {
		return c.call(ctx, "CALL ramp.list()", func(_ int, scan func(...any) error) error {
			var one integrations.ListedGrant
			var ends int64
			if err := scan(&one.Name, &ends); err != nil {
				return err
			}
			if ends > 0 {
				one.ExpiresAt = time.Unix(ends, 0).UTC()
			}
			listed = append(listed, one)
			return nil
		})
	})
	return listed, err
}
