// Package browser drives a real Chromium in tests: it opens pages, uses them as a person does, with
// the mouse or only with the keyboard, and finds what is wrong with them: what the browser
// complained about, what axe-core finds, faults of the layout, and elements that the keyboard
// doesn't reach.
//
// A test binary has one Chromium, which [Open] starts at its first call. [Main] or [Stop] ends it:
//
//	func TestMain(m *testing.M) { browser.Main(m) }
//
//	func TestPageIsClean(t *testing.T) {
//		t.Parallel()
//		p := browser.Open(t, browser.Options{Width: 320, Height: 640})
//		p.Goto(server.URL + "/admin")
//		p.Click("#create")
//		p.RequireClean(t)
//	}
//
// The Chromium is the first that starts of: the one that the environment variable BROWSER names,
// those on PATH, those in the folders where packages install it, and an image of a container engine
// (BROWSER_IMAGE, by default chromedp/headless-shell), which is never pulled. Without one, tests
// fail.
//
// Chromium reaches the loopback interface and nothing else.
package browser
