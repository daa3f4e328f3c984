package browser

import (
	"context"
	_ "embed"
)

//go:embed layout.js
var layoutJS string

// Layout returns what is wrong with the page's layout as it is shown now, nothing if it is right:
//   - the document or an element is wider than the window, without an ancestor that scrolls;
//   - links, buttons and fields overlap, or are too small (WCAG 2.5.8, with its exceptions for
//     distance and for links in sentences);
//   - text is cut off, without a title that has it;
//   - a field has no label.
//
// It leaves out what is hidden visually for screen readers, and what is outside of an open modal
// dialog.
func (p *Page) Layout() []string {
	p.t.Helper()
	return get(p, "check the layout", func(ctx context.Context) ([]string, error) {
		return inWorld[[]string](ctx, p,
			"() => { "+elementsJS+"; return ("+layoutJS+")() }")
	})
}
