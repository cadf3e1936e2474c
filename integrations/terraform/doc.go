// Package terraform is a target that opens access by applying a Terraform or
// OpenTofu module, and ends it by destroying what the module made
// (docs/targets/terraform.md). Every grant has a working directory, a state and a
// lock of its own. What approvers read is the plan; exactly that plan is applied.
package terraform
