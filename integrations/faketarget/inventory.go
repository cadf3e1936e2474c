package faketarget

import (
	"context"
	"maps"
	"slices"
	"strconv"

	"ramp.dev/ramp/access"
)

// pageOf is how many choices a page has: so few that every test turns pages.
const pageOf = 2

// Lists implements integrations.Inventory.
func (t *Target) Lists() []string {
	if t.config.Inventory == nil {
		return nil
	}
	return slices.Collect(maps.Keys(t.config.Inventory()))
}

// Choices implements integrations.Inventory.
func (t *Target) Choices(_ context.Context, list, after string) (page []access.Choice, next string, err error) {
	err = t.call(OpChoices, access.Grant{}, func(Fault) error {
		all := t.config.Inventory()[list]
		from := 0
		if after != "" {
			if from, err = strconv.Atoi(after); err != nil || from > len(all) {
				return access.Errorf(access.CodeInvalid, "no page begins at %q", access.Clip(after, 20))
			}
		}
		page = all[from:min(len(all), from+pageOf)]
		if from+len(page) < len(all) {
			next = strconv.Itoa(from + len(page))
		}
		return nil
	})
	return page, next, err
}
