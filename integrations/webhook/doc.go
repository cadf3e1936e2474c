// Package webhook is the target of kind webhook: a customer's own service that speaks the
// protocol of integrations/program over HTTPS. Each call is signed by the scheme of
// Standard Webhooks
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md),
// and so is each reply, under the call's id: nobody who is between the two, or holds the
// address, can say that access has ended.
package webhook
