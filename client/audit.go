package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
)

// Checkpoint returns the server's signed checkpoint of its log, not yet verified.
func (c *Client) Checkpoint(ctx context.Context) (string, error) {
	b, err := c.bytes(ctx, "/api/v1/audit/checkpoint")
	return string(b), err
}

// Cosigned returns the newest checkpoint that witnesses have cosigned, with their lines,
// not yet verified. Errors are CodeNotFound if there is none.
func (c *Client) Cosigned(ctx context.Context) (string, error) {
	b, err := c.bytes(ctx, "/api/v1/audit/cosigned")
	return string(b), err
}

// Witnesses returns how far independent witnesses have cosigned the log, as the server says.
func (c *Client) Witnesses(ctx context.Context) (out access.Witnesses, err error) {
	return out, c.do(ctx, http.MethodGet, "/api/v1/audit/witnesses", nil, nil, &out)
}

// Leaves implements evidence.LogReader over the tiles of the log. A bundle of which bodies
// were dropped is none of that format; its entries are fetched by the server's own path.
func (c *Client) Leaves(ctx context.Context, from, to int64) ([]evidence.LogLeaf, error) {
	var out []evidence.LogLeaf
	for from < to {
		n := from >> evidence.TileHeight
		width := min(to-n<<evidence.TileHeight, evidence.TileWidth)
		end := n<<evidence.TileHeight + width
		b, err := c.bytes(ctx, tilePath(tlog.Tile{H: evidence.TileHeight, L: -1, N: n, W: int(width)}))
		if access.CodeOf(err) == access.CodeTooLate {
			some, err := c.entries(ctx, from, end)
			if err != nil {
				return nil, err
			}
			out, from = append(out, some...), end
			continue
		}
		if err != nil {
			return nil, err
		}
		skip := from - n<<evidence.TileHeight
		for len(b) >= 2 {
			length := int(binary.BigEndian.Uint16(b))
			if len(b) < 2+length {
				break // the caller counts what is missing
			}
			if skip--; skip < 0 {
				out = append(out, evidence.LogLeaf{Bytes: b[2 : 2+length]})
			}
			b = b[2+length:]
		}
		from = end
	}
	return out, nil
}

// entries returns the leaves in [from, to), up to the first that is not at its place.
func (c *Client) entries(ctx context.Context, from, to int64) (out []evidence.LogLeaf, err error) {
	var page Page[evidence.StoredLeaf]
	if err := c.again(ctx, func() error {
		page = Page[evidence.StoredLeaf]{}
		return c.do(ctx, http.MethodGet, fmt.Sprintf("/api/v1/audit/entries?from=%d&to=%d", from, to), nil, nil, &page)
	}); err != nil {
		return nil, err
	}
	for i, e := range page.Items {
		if e.Leaf != from+int64(i) || e.Leaf >= to {
			break // the caller counts what is missing
		}
		out = append(out, e.Read())
	}
	return out, nil
}

// Removal implements evidence.LogReader.
func (c *Client) Removal(ctx context.Context, event int64) ([]byte, error) {
	return c.bytes(ctx, "/api/v1/audit/removals/"+strconv.FormatInt(event, 10))
}

// Tiles returns a reader of the log's hashes, for proofs. Callers verify them. It keeps the
// tiles that were verified, 8 KiB each, so that each is fetched once; it is not safe for
// concurrent use.
func (c *Client) Tiles(ctx context.Context) tlog.TileReader {
	return &tiles{ctx, c, map[tlog.Tile][]byte{}}
}

type tiles struct {
	ctx context.Context
	*Client
	kept map[tlog.Tile][]byte
}

func (*tiles) Height() int { return evidence.TileHeight }

// maxTiles bounds what a reader keeps. A log of a million has 17 tiles above the lowest.
const maxTiles = 512

// SaveTiles implements tlog.TileReader: these tiles were verified.
func (t *tiles) SaveTiles(list []tlog.Tile, data [][]byte) {
	for i, tile := range list {
		if len(t.kept) < maxTiles {
			t.kept[tile] = data[i]
		}
	}
}

// ReadTiles implements tlog.TileReader.
func (t *tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, tile := range list {
		var there bool
		if out[i], there = t.kept[tile]; there {
			continue
		}
		var err error
		if out[i], err = t.bytes(t.ctx, tilePath(tile)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// tilePath returns a tile's address on a server: as tlog names it, without the
// height.
func tilePath(t tlog.Tile) string {
	path := strings.TrimPrefix(t.Path(), "tile/8/")
	if rest, ok := strings.CutPrefix(path, "data/"); ok {
		path = "entries/" + rest
	}
	return "/api/v1/audit/tile/" + path
}

// bytes fetches a response as it came. A whole log, and all packs of a sample, are more than a
// server lets one person fetch at once: where it says so, bytes waits and asks again.
func (c *Client) bytes(ctx context.Context, path string) (out []byte, err error) {
	err = c.again(ctx, func() error {
		var b raw
		err := c.do(ctx, http.MethodGet, path, nil, nil, &b)
		out = b
		return err
	})
	return out, err
}

// again fetches until the server no longer says that it is too much at once.
func (c *Client) again(ctx context.Context, fetch func() error) error {
	for try := 1; ; try++ {
		err := fetch()
		if access.CodeOf(err) != access.CodeThrottled || try == maxThrottled {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// maxThrottled is how often a fetch is tried, a second apart.
const maxThrottled = 60

// raw is a response as it came.
type raw []byte

// EventQuery narrows a search through the log. Zero fields do not narrow.
type EventQuery struct {
	Actor, Kind, Request string
	Since, Until         time.Time // from the first on, and before the second
	Cursor               string
	Limit                int // 1 to 1000; 0 is 100
}

// LoggedEvent is an event with its place in the log.
type LoggedEvent struct {
	Leaf int64 `json:"leaf"`
	access.Event
}

// SearchEvents lists events, the latest first, not yet verified.
func (c *Client) SearchEvents(ctx context.Context, q EventQuery) (out Page[LoggedEvent], err error) {
	v := values(map[string]string{"actor": q.Actor, "kind": q.Kind, "request": q.Request, "cursor": q.Cursor}, q.Since, q.Until, q.Limit)
	return out, c.do(ctx, http.MethodGet, "/api/v1/audit?"+v.Encode(), nil, nil, &out)
}

// RequestQuery narrows a search through all requests. Zero fields do not narrow.
type RequestQuery struct {
	Person, Contract, Target string
	Outcome                  string // why access ended, or a state
	Since, Until             time.Time
	Cursor                   string
	Limit                    int // 1 to 200; 0 is 50
}

// SearchRequests lists requests, those that were asked for last first, as the server says
// that they were signed.
func (c *Client) SearchRequests(ctx context.Context, q RequestQuery) (out Page[access.Request], err error) {
	v := values(map[string]string{"person": q.Person, "contract": q.Contract, "target": q.Target, "outcome": q.Outcome, "cursor": q.Cursor}, q.Since, q.Until, q.Limit)
	return out, c.do(ctx, http.MethodGet, "/api/v1/audit/requests?"+v.Encode(), nil, nil, &out)
}

// values are query parameters, without those that are empty.
func values(texts map[string]string, since, until time.Time, limit int) url.Values {
	v := url.Values{}
	for name, text := range texts {
		if text != "" {
			v.Set(name, text)
		}
	}
	for name, t := range map[string]time.Time{"since": since, "until": until} {
		if !t.IsZero() {
			v.Set(name, t.UTC().Format(time.RFC3339Nano))
		}
	}
	if limit > 0 {
		v.Set("limit", strconv.Itoa(limit))
	}
	return v
}

// Proofs returns events by their places in the log, with proofs, not yet verified; 200 at
// the most.
func (c *Client) Proofs(ctx context.Context, leaves ...int64) (out evidence.LogProofs, err error) {
	v := url.Values{}
	for _, n := range leaves {
		v.Add("leaf", strconv.FormatInt(n, 10))
	}
	return out, c.do(ctx, http.MethodGet, "/api/v1/audit/proofs?"+v.Encode(), nil, nil, &out)
}

// Evidence returns the evidence pack of a request, as its JSON, not yet verified.
func (c *Client) Evidence(ctx context.Context, id string) ([]byte, error) {
	return c.bytes(ctx, requestPath(id, "evidence"))
}
