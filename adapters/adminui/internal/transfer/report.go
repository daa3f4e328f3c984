package transfer

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

const (
	maxItems   = 30 << 10 // bytes of HTML for the items of a report
	maxSecrets = 50       // missing secrets on the page
	maxValue   = 1200     // bytes of a value in HTML
	aroundItem = 330      // bytes of HTML around an item's texts
	around     = 220      // bytes of HTML around a change's texts
)

// reportItem is what an import does with an item.
type reportItem struct {
	Kind      string                  `json:"kind"`
	Name      string                  `json:"name"`
	Action    string                  `json:"action"`
	RenamedTo string                  `json:"renamed_to"`
	Changes   []federation.Difference `json:"changes"`
	Error     string                  `json:"error"`
}

// report is what a page shows of a report, which may be far larger than memory.
type report struct {
	keeper
	counts  map[string]int
	secrets []federation.SecretUse
	missing int // secrets
}

// read reads a report as it comes.
func (p *report) read(body io.Reader) error {
	d := json.NewDecoder(body)
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("the report of an import: %w", err)
	}
	for d.More() {
		name, err := d.Token()
		if err == nil {
			err = p.member(d, name)
		}
		if err != nil {
			return fmt.Errorf("the report of an import: %w", err)
		}
	}
	_, err := d.Token()
	return err
}

// member reads a member of the report.
func (p *report) member(d *json.Decoder, name json.Token) error {
	switch name {
	case "counts":
		return d.Decode(&p.counts)
	case "items":
		return eachElement(d, p.add)
	case "secrets_required":
		return eachElement(d, p.secret)
	}
	var dropped json.RawMessage
	return d.Decode(&dropped)
}

// eachElement reads an array element by element.
func eachElement[T any](d *json.Decoder, use func(T)) error {
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		var element T
		if err := d.Decode(&element); err != nil {
			return err
		}
		use(element)
	}
	_, err := d.Token()
	return err
}

// secret keeps a missing secret, if there is room.
func (p *report) secret(use federation.SecretUse) {
	if p.missing++; p.missing <= maxSecrets {
		p.secrets = append(p.secrets, use)
	}
}

// keeper keeps the items that change something, as many as fit on a page.
type keeper struct {
	r      *page.Request
	dryRun bool
	left   int // bytes of HTML
	items  []view.ImportItem
	more   int // items that change something and didn't fit
}

// add keeps an item, if there is room.
func (k *keeper) add(item reportItem) {
	if item.Action == "unchanged" {
		return
	}
	if k.left <= 0 {
		k.more++
		return
	}
	shown := view.ImportItem{Kind: item.Kind, Name: item.Name, Action: item.Action,
		Words: k.words(item.Action), RenamedTo: item.RenamedTo, Error: page.Sentence(item.Error),
		Href: k.link(item)}
	k.left -= aroundItem + cost(item.Name) + cost(item.RenamedTo) + cost(item.Error)
	for i, c := range item.Changes {
		change := view.ImportChange{Path: clip(c.Path), From: valueOf(c.From), To: valueOf(c.To)}
		k.left -= around + cost(change.Path) + cost(change.From.Text) + cost(change.To.Text)
		if k.left <= 0 && i > 0 {
			shown.More = len(item.Changes) - i
			break
		}
		shown.Changes = append(shown.Changes, change)
	}
	k.items = append(k.items, shown)
}

// link returns the path of the item's page, "" if there is none (yet).
func (k *keeper) link(item reportItem) string {
	kind, ok := k.r.Site.Kinds.Kind(item.Kind)
	name := item.Name
	if item.RenamedTo != "" && !k.dryRun {
		name = item.RenamedTo
	}
	if !ok || k.dryRun && item.Action == "create" {
		return ""
	}
	return k.r.URLs.To(kind.Path, name)
}

// words says what happens with an item, or has happened.
func (k *keeper) words(action string) string {
	words, ok := actions[action]
	switch {
	case !ok:
		return action
	case k.dryRun:
		return words.will
	}
	return words.has
}

// actions are what an import does with an item, in words.
var actions = map[string]struct{ will, has string }{
	"create": {"Would be created", "Created"}, "update": {"Would be changed", "Changed"},
	"unchanged": {"Is the same already", "Was the same already"},
	"skip":      {"Would be kept as it is here", "Kept as it was here"},
	"rename":    {"Would be imported under a free name", "Imported under a free name"},
	"fail":      {"Differs: stops the import", "Differs"},
	"delete":    {"Would be deleted", "Deleted"}, "keep": {"Would be kept", "Kept"},
	"merge": {"Would be joined", "Joined"},
}

// order is the order of the counts on the page.
var order = []string{"create", "update", "rename", "merge", "delete", "skip", "keep", "fail",
	"unchanged"}

// valueOf returns a value as a page shows it: a text without quotes, all else as JSON, and
// the beginning of a long one.
func valueOf(value json.RawMessage) view.ImportValue {
	if value == nil {
		return view.ImportValue{None: true}
	}
	text := string(value)
	if json.Unmarshal(value, &text) != nil {
		text = string(value)
	}
	shown := clip(text)
	return view.ImportValue{Text: shown, Long: len(shown) > maxLine, Start: start(shown),
		Cut: len(shown) < len(text)}
}

const (
	maxLine  = 160 // bytes of a value that isn't folded
	maxStart = 80  // bytes of a folded value's first words
)

// start returns the first words of a long value.
func start(text string) string {
	if len(text) <= maxLine {
		return ""
	}
	return whole(text, maxStart) + "…"
}

// clip returns the beginning of a text that costs too much.
func clip(text string) string {
	for limit := maxValue; cost(text) > maxValue; limit /= 2 {
		text = whole(text, limit)
	}
	return text
}

// whole returns the first bytes of a text, with whole characters.
func whole(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// cost returns the length of a text in HTML.
func cost(text string) int { return len(html.EscapeString(text)) }

// reportView returns the page of a report.
func reportView(r *page.Request, title string, found *report) view.ImportReport {
	v := view.ImportReport{Frame: r.Frame(title), Items: found.items, More: found.more,
		Conflicts: found.counts["fail"], Back: r.URLs.To("promotion"),
		MoreSecrets: found.missing - len(found.secrets)}
	for _, action := range order {
		if n := found.counts[action]; n > 0 {
			v.Counts = append(v.Counts, view.ImportCount{Text: found.words(action), Count: n})
		}
	}
	for _, use := range found.secrets {
		row := view.SecretUse{Kind: use.Kind, Name: use.Name, Path: use.Path, Secret: use.Secret,
			Set: urls.With(r.URLs.To("secrets", use.Secret), "back", r.URLs.To("secrets"))}
		if !r.Caller.May("secret.write") || !r.Site.Serves("setSecret") {
			row.Set = ""
		}
		v.Secrets = append(v.Secrets, row)
	}
	return v
}
