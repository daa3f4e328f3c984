package browser

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
)

//go:embed focus.js
var focusJS string

// mostStops bounds a walk: a page may make a new element at each key.
const mostStops = 1000

// FocusStop is an element that got the focus.
type FocusStop struct {
	Element    string // for people
	Tag, ID    string
	Role, Name string // what a screen reader says
	Indicated  bool   // it has an outline, a border or a shadow that it hasn't without the focus
	Hidden     string // why it isn't seen: outside of the window, or what covers it
}

// Walk is where Tab goes.
type Walk struct {
	Stops     []FocusStop // in order
	Unreached []string    // links, buttons and fields that never got the focus
	Trap      string      // the element from which Tab went back before all was reached
}

// Names returns the names of the stops, for a comparison of their order.
func (w Walk) Names() []string {
	var names []string
	for _, s := range w.Stops {
		names = append(names, s.Name)
	}
	return names
}

// Faults returns what is wrong: elements that Tab doesn't reach, and stops that can't be seen, aren't
// marked as having the focus or have no name.
func (w Walk) Faults() []string {
	var faults []string
	for _, s := range w.Stops {
		if !s.Indicated {
			faults = append(faults, s.Element+" doesn't show that it has the focus")
		}
		if s.Hidden != "" {
			faults = append(faults, s.Element+" has the focus, but is "+s.Hidden)
		}
		if s.Name == "" {
			faults = append(faults, s.Element+" has no name")
		}
	}
	for _, element := range w.Unreached {
		faults = append(faults, element+" isn't reached by Tab")
	}
	if w.Trap != "" {
		faults = append(faults, "Tab doesn't get past "+w.Trap)
	}
	return faults
}

// FocusWalk presses Tab from the beginning of the page until it comes round, and returns where it
// went.
func (p *Page) FocusWalk() Walk {
	p.t.Helper()
	return get(p, "walk with Tab", p.focusWalk)
}

// focusCall calls a function of focus.js.
func focusCall[T any](ctx context.Context, p *Page, function string) (T, error) {
	return inWorld[T](ctx, p, "() => { "+elementsJS+"; if (!bailiwick.focus) "+focusJS+
		"; return bailiwick.focus."+function+"() }")
}

func (p *Page) focusWalk(ctx context.Context) (Walk, error) {
	var w Walk
	if _, err := focusCall[int](ctx, p, "start"); err != nil {
		return w, err
	}
	round := false
	for !round {
		if len(w.Stops) == mostStops {
			return w, errors.New("the key Tab never comes round")
		}
		var err error
		if round, err = p.nextStop(ctx, &w); err != nil {
			return w, err
		}
	}
	var err error
	w.Unreached, err = focusCall[[]string](ctx, p, "end")
	return w, err
}

// mostParts is how many parts Chromium's inputs for a date and a time have at most: Tab goes from
// one to the next, and the input keeps the focus.
const mostParts = 10

// nextStop presses Tab and adds the stop. It reports whether the walk has come round.
func (p *Page) nextStop(ctx context.Context, w *Walk) (round bool, err error) {
	stop, err := p.pressTab(ctx)
	last := len(w.Stops) - 1
	for part := 1; part < mostParts && err == nil && stop.Parts && stop.Index == last; part++ {
		stop, err = p.pressTab(ctx)
	}
	if err != nil {
		return false, fmt.Errorf("after %d stops: %w", len(w.Stops), err)
	}
	if stop.Index > 0 {
		w.Trap = w.Stops[len(w.Stops)-1].Element
	}
	if stop.None || stop.Index >= 0 {
		return true, nil
	}
	id, err := p.element(ctx, "document.activeElement")
	if err != nil {
		return false, err
	}
	stop.Role, stop.FocusStop.Name, err = accessible(ctx, id)
	w.Stops = append(w.Stops, stop.FocusStop)
	return false, err
}

// stop is what focus.js tells of the element that has the focus.
type stop struct {
	FocusStop
	None  bool
	Index int  // of the earlier stop that this one is, or -1
	Parts bool // Tab may stay in it: it is an input for a date or a time
}

// pressTab presses Tab and returns what has the focus then.
func (p *Page) pressTab(ctx context.Context) (stop, error) {
	if err := press(ctx, "Tab"); err != nil {
		return stop{}, err
	}
	if err := p.tick(ctx); err != nil {
		return stop{}, err
	}
	return focusCall[stop](ctx, p, "stop")
}
