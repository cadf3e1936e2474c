// Package github gives membership of a team of a GitHub organisation, and access to one of
// its repositories as a collaborator. It is written from the published REST API, version
// 2022-11-28 (https://docs.github.com/rest).
package github
