package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

var keyNames = map[string]string{
	"Tab": kb.Tab, "Enter": kb.Enter, "Space": " ", "Escape": kb.Escape,
	"Backspace": kb.Backspace, "Delete": kb.Delete, "Home": kb.Home, "End": kb.End,
	"PageUp": kb.PageUp, "PageDown": kb.PageDown, "ArrowUp": kb.ArrowUp,
	"ArrowDown": kb.ArrowDown, "ArrowLeft": kb.ArrowLeft, "ArrowRight": kb.ArrowRight,
}

var modifierNames = map[string]chromedp.Modifier{
	"Shift": chromedp.ModifierShift, "Control": chromedp.ModifierCtrl,
	"Alt": chromedp.ModifierAlt, "Meta": chromedp.ModifierMeta,
}

// Press presses keys, one after the other, and waits for the navigation that follows each, if one
// does. A key is a character or has one of these names: Tab, Enter, Space, Escape, Backspace,
// Delete, Home, End, PageUp, PageDown, ArrowUp, ArrowDown, ArrowLeft and ArrowRight. Shift+,
// Control+, Alt+ and Meta+ may come first.
func (p *Page) Press(keys ...string) {
	p.t.Helper()
	for _, key := range keys {
		p.do("press "+key, func(ctx context.Context) error {
			if err := press(ctx, key); err != nil {
				return err
			}
			if p.options.ScriptsOff && !activates(key) {
				return nil // without scripts it begins no navigation
			}
			return p.awaitNavigation(ctx)
		})
	}
}

// activates reports whether a key may follow a link, press a button or send a form.
func activates(key string) bool {
	return strings.HasSuffix(key, "Enter") || strings.HasSuffix(key, "Space") ||
		strings.HasPrefix(key, "Alt+")
}

func press(ctx context.Context, name string) error {
	options := []chromedp.KeyOption{rawKeyDown}
	for {
		modifier, rest, found := strings.Cut(name, "+")
		if !found || modifierNames[modifier] == 0 {
			break
		}
		options = append(options, chromedp.KeyModifiers(modifierNames[modifier]))
		name = rest
	}
	key, known := keyNames[name]
	if !known && len([]rune(name)) != 1 {
		return fmt.Errorf("no key has the name %q", name)
	}
	if !known {
		key = name
	}
	return chromedp.Do(ctx, chromedp.KeyEvent(key, options...))
}

// rawKeyDown makes the event of a key the one that the operating system sends, after which the
// character isn't typed if the page has prevented the key's default action.
func rawKeyDown(p *input.DispatchKeyEventParams) {
	if p.Type == input.DispatchKeyEventTypeKeyDown {
		p.Type = input.DispatchKeyEventTypeRawKeyDown
	}
}

// Type types text into the element that has the focus, key by key.
func (p *Page) Type(text string) {
	p.t.Helper()
	p.do("type", func(ctx context.Context) error {
		if err := chromedp.Do(ctx, chromedp.KeyEvent(text)); err != nil {
			return err
		}
		return p.awaitNavigation(ctx)
	})
}

// Active is the element that has the focus: body if none has.
type Active struct {
	Tag, ID, Name, Type, Href, Text, Value string
	Role, Label                            string // what a screen reader says
}

// String describes the element.
func (a Active) String() string {
	text := a.Tag
	if a.ID != "" {
		text += "#" + a.ID
	}
	return fmt.Sprintf("%s, %s %q", text, a.Role, a.Label)
}

// ActiveElement returns the element that has the focus.
func (p *Page) ActiveElement() Active {
	p.t.Helper()
	return get(p, "find the focus", p.active)
}

func (p *Page) active(ctx context.Context) (Active, error) {
	a, err := script[Active](ctx, p, "active")
	if err != nil {
		return a, err
	}
	id, err := p.element(ctx, "document.activeElement || document.body")
	if err != nil {
		return a, err
	}
	a.Role, a.Label, err = accessible(ctx, id)
	return a, err
}

// accessible returns the role and the name that Chromium tells screen readers.
func accessible(ctx context.Context, id runtime.RemoteObjectID) (role, name string, err error) {
	no := false
	tree, err := chromedp.Call(ctx, accessibility.GetPartialAXTree,
		accessibility.GetPartialAXTreeParams{ObjectID: id, FetchRelatives: &no})
	if err != nil || len(tree.Nodes) == 0 {
		return "", "", err
	}
	if role, err = textOf(tree.Nodes[0].Role); err != nil {
		return "", "", err
	}
	name, err = textOf(tree.Nodes[0].Name)
	return role, name, err
}

func textOf(v *accessibility.Value) (string, error) {
	if v == nil || len(v.Value) == 0 {
		return "", nil
	}
	var text string
	err := json.Unmarshal(v.Value, &text)
	return text, err
}
