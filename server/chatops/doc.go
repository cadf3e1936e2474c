// Package chatops lets people work in a chat service as on the pages: it takes what
// they do there, has the use cases of package app do it, and keeps one message about
// each request up to date.
//
// Three things keep it from losing or doubling anything. What somebody does is in the
// ledger before the service is told that it arrived. What is to be said is a row of the
// ledger for each request and conversation, which any server may take up. And a message whose
// response was lost is looked for before it is posted again.
package chatops
