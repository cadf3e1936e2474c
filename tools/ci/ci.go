// Package ci holds what authors of contracts use in their own repositories, and its
// tests: the action in contracts, and the hooks in .pre-commit-hooks.yaml.
package ci
