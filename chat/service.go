package chat

import (
	"context"
	"crypto/hmac"
	"net/http"
	"time"
)

// Service is a chat service as Ramp's servers use it: its Bot, how it says what people did
// there, and how it names things.
type Service interface {
	Bot
	// Name is the service's in links, events and rows of the ledger, such as slack.
	Name() string
	// Receive returns what a user did, of an HTTP request that the service has made and
	// signed. Errors are CodeUnauthenticated with an issue for what it has not signed, or
	// not now; CodeInvalid for what it would not send; CodeUnavailable for a secret that
	// cannot be read.
	Receive(ctx context.Context, h http.Header, body []byte, now time.Time) (Interaction, error)
	// Listens reports whether the service says what people do over a connection that Listen
	// holds, and not by requests of its own.
	Listens() bool
	// Listen gives what people do to take, several at once, until ctx ends. The service is
	// told that something arrived once take has returned without an error; otherwise it may
	// send it again. connected is called whenever that has changed. Errors are as of Bot;
	// there are none when ctx has ended.
	Listen(ctx context.Context, take func(context.Context, Interaction) error, connected func(bool)) error
	// Belongs returns why an interaction is none of the app and the workspace that are
	// configured, as CodeForbidden.
	Belongs(i Interaction) error
	// Seal returns a mark of a text that nobody makes without a secret that the servers
	// share and the ledger's database does not have. Errors are CodeUnavailable.
	Seal(ctx context.Context, text []byte) (string, error)
	// IsDirect reports whether a conversation is the direct messages of a user and the bot.
	IsDirect(conversation string) bool
	// IsUser reports whether a conversation is named by its user, to whom a message is
	// direct.
	IsUser(conversation string) bool
}

// SameSeal compares two marks of Service.Seal in constant time.
func SameSeal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
