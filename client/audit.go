package client

import (
	"context"
	"encoding/binary"
	"net/http"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/evidence"
)

// Checkpoint returns the server's signed checkpoint of its log, not yet verified.
func (c *Client) Checkpoint(ctx context.Context) (string, error) {
	b, err := c.bytes(ctx, "/api/v1/audit/checkpoint")
	return string(b), err
}

// Leaves implements evidence.LogReader over the tiles of the log.
func (c *Client) Leaves(ctx context.Context, from, to int64) ([][]byte, error) {
	var out [][]byte
	for from < to {
		n := from >> evidence.TileHeight
		width := min(to-n<<evidence.TileHeight, 1<<evidence.TileHeight)
		b, err := c.bytes(ctx, tilePath(tlog.Tile{H: evidence.TileHeight, L: -1, N: n, W: int(width)}))
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
				out = append(out, b[2:2+length])
			}
			b = b[2+length:]
		}
		from = n<<evidence.TileHeight + width
	}
	return out, nil
}

// Tiles returns a reader of the log's hashes, for proofs. Callers verify them.
func (c *Client) Tiles(ctx context.Context) tlog.TileReader { return tiles{ctx, c} }

type tiles struct {
	ctx context.Context
	*Client
}

func (tiles) Height() int                     { return evidence.TileHeight }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(list []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, tile := range list {
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

// bytes fetches a response that is not JSON.
func (c *Client) bytes(ctx context.Context, path string) ([]byte, error) {
	var b raw
	return b, c.do(ctx, http.MethodGet, path, nil, nil, &b)
}

// raw is a response as it came.
type raw []byte

// Evidence returns the evidence pack of a request, as its JSON, not yet verified.
func (c *Client) Evidence(ctx context.Context, id string) ([]byte, error) {
	return c.bytes(ctx, requestPath(id, "evidence"))
}
