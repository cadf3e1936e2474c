package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/evidence"
	"ramp.dev/ramp/internal/neterror"
)

// Client asks one witness. It is safe for concurrent use.
type Client struct {
	name    string
	address string
	key     evidence.Witness
	http    *http.Client
	now     func() time.Time
}

// Name returns the witness's name in the configuration.
func (c *Client) Name() string { return c.name }

// Key returns the witness's key.
func (c *Client) Key() evidence.Witness { return c.key }

const (
	maxProof    = 63        // hashes in a request, by the protocol
	maxResponse = 16 << 10  // bytes
	maxTries    = 3         // the size that a witness names may have changed by the next
	clockApart  = time.Hour // how far a witness's clock may be from this one's
	sizeType    = "text/x.tlog.size"
)

// Ahead is the error of a witness that has cosigned a larger checkpoint than the one it was
// asked to cosign: another server was first, or the witness has been shown another log.
type Ahead struct{ Size int64 }

func (a *Ahead) Error() string {
	return fmt.Sprintf("the witness has cosigned %d events already", a.Size)
}

// ErrOtherLog is the error of a witness that refuses a proof: it has cosigned a log of this
// name that the one at hand does not go on from. Its code is CodeEvidence.
var ErrOtherLog = access.Errorf(access.CodeEvidence, "the witness has cosigned a log of this name that this one does not go on from")

// Cosign asks the witness to cosign a signed checkpoint, and returns its signature line,
// verified, with the time in it. from is the size that the witness has cosigned last as far
// as the caller knows, 0 if it does not; hashes are the log's. Errors are an *Ahead;
// ErrOtherLog; CodeEvidence where its cosignature is forged or not of now; CodeForbidden and CodeNotFound where the witness knows another key
// of this log, or does not know the log; CodeUnavailable, and those of hashes.
func (c *Client) Cosign(ctx context.Context, signed string, from int64, hashes tlog.HashReader) (line string, at time.Time, err error) {
	checkpoint, err := evidence.ReadCheckpoint(signed)
	if err != nil {
		return "", at, err
	}
	for range maxTries {
		from = min(from, checkpoint.Size)
		var proof tlog.TreeProof
		if from > 0 && from < checkpoint.Size {
			if proof, err = tlog.ProveTree(checkpoint.Size, from, hashes); err != nil {
				return "", at, err
			}
		}
		said, err := c.addCheckpoint(ctx, from, proof, signed)
		if err != nil {
			return "", at, err
		}
		if said.line == "" {
			switch {
			case said.size > checkpoint.Size:
				return "", at, &Ahead{said.size}
			case said.size == from:
				return "", at, access.Errorf(access.CodeUnavailable, "the witness contradicts itself: it wants a proof from event %d, and was given one", from)
			}
			from = said.size
			continue
		}
		return said.line, said.at, nil
	}
	return "", at, access.Errorf(access.CodeUnavailable, "the witness named another size each time that it was asked")
}

// said is what a witness says of a checkpoint: its cosignature, or the size from which it
// wants the proof.
type said struct {
	line string
	at   time.Time
	size int64
}

func (c *Client) addCheckpoint(ctx context.Context, from int64, proof tlog.TreeProof, signed string) (out said, err error) {
	if len(proof) > maxProof {
		return out, access.Errorf(access.CodeInternal, "a proof of %d hashes is too long", len(proof))
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, "old %d\n", from)
	for _, h := range proof {
		fmt.Fprintf(&body, "%s\n", base64.StdEncoding.EncodeToString(h[:]))
	}
	fmt.Fprintf(&body, "\n%s", signed)
	status, kind, response, err := c.post(ctx, body.Bytes())
	if err != nil {
		return out, err
	}
	switch status {
	case http.StatusOK:
		if out.line, out.at, err = c.key.Cosignature(signed, response); err != nil {
			return said{}, err
		}
		if apart := c.now().Sub(out.at).Abs(); apart > clockApart {
			return said{}, access.Errorf(access.CodeEvidence, "the cosignature is of %s: it is an old one, or the witness's clock is wrong", access.FormatTime(out.at))
		}
		return out, nil
	case http.StatusConflict:
		if kind != sizeType {
			break // it has another root for this size
		}
		text, ended := strings.CutSuffix(response, "\n")
		if out.size, err = strconv.ParseInt(text, 10, 64); err != nil || !ended || out.size < 0 || strconv.FormatInt(out.size, 10) != text {
			return said{}, access.Errorf(access.CodeUnavailable, "the witness returns 409 without the size that it has")
		}
		return out, nil
	case http.StatusUnprocessableEntity:
	case http.StatusNotFound:
		return out, access.Errorf(access.CodeNotFound, "the witness does not know this log, or is not at this address (404)")
	case http.StatusForbidden:
		return out, access.Errorf(access.CodeForbidden, "the witness knows this log by another key than the server's (403)")
	default:
		return out, access.Errorf(access.CodeUnavailable, "the witness returns %d", status)
	}
	return out, fmt.Errorf("%w (%d)", ErrOtherLog, status)
}

// post makes one call. Redirects are not followed: the response must be the witness's.
func (c *Client) post(ctx context.Context, body []byte) (status int, kind, response string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.address, bytes.NewReader(body))
	if err != nil {
		return 0, "", "", access.Errorf(access.CodeInvalid, "the address is malformed")
	}
	req.Header = http.Header{"User-Agent": {"ramp"}, "Content-Type": {"text/plain; charset=utf-8"}}
	resp, err := c.http.Do(req)
	if err != nil {
		return 0, "", "", access.Errorf(access.CodeUnavailable, "the witness cannot be reached: %w", neterror.Reason(err))
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxResponse+1))
	if err != nil {
		return 0, "", "", access.Errorf(access.CodeUnavailable, "the witness's response has no end: %w", neterror.Reason(err))
	}
	if len(b) > maxResponse {
		return 0, "", "", access.Errorf(access.CodeUnavailable, "the witness's response is longer than %d bytes", maxResponse)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b), nil
}

// Ping asks whether a witness is at the address, with a request that has no checkpoint: by
// the protocol it returns 400.
func (c *Client) Ping(ctx context.Context) error {
	status, _, _, err := c.post(ctx, nil)
	if err == nil && status != http.StatusBadRequest {
		err = access.Errorf(access.CodeUnavailable, "this is not what a witness returns (%d, where 400 is due); is something else at the address?", status)
	}
	return err
}
