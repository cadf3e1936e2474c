package awsapi

import "context"

// Pager is one of the SDK's paginators.
type Pager[Page, Options any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Options)) (Page, error)
}

// All returns what is on all pages. Errors are the SDK's; see Mapped.
func All[Page, Options, Item any](ctx context.Context, pages Pager[Page, Options], items func(Page) []Item) (out []Item, err error) {
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, items(page)...)
	}
	return out, nil
}
