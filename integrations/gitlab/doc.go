// Package gitlab gives membership of a GitLab group or project at an access level. It is
// written from the published REST API, version 4 (https://docs.gitlab.com/api/members/).
package gitlab
