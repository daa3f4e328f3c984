package browser

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// watch collects what Chromium tells of a page. Chromium's messages call event.
type watch struct {
	mu       sync.Mutex
	problems []string
	muted    bool
	hosts    []string // that the page may ask
	requests map[network.RequestID]string
	loading  map[cdp.FrameID]bool
	url      string
	status   int
	dialogs  []string
	asked    chan struct{} // a dialog is open
}

func newWatch(hosts []string) *watch {
	return &watch{hosts: slices.Clone(hosts), loading: map[cdp.FrameID]bool{},
		requests: map[network.RequestID]string{}, asked: make(chan struct{}, 16)}
}

func (w *watch) event(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := ev.(type) {
	case *page.EventFrameRequestedNavigation:
		w.loading[e.FrameID] = e.Disposition == page.ClientNavigationDispositionCurrentTab
	case *page.EventFrameStartedLoading:
		w.loading[e.FrameID] = true
	case *page.EventFrameStoppedLoading:
		w.loading[e.FrameID] = false
	case *page.EventNavigatedWithinDocument:
		w.loading[e.FrameID] = false
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			w.url = e.Frame.URL
		}
	case *page.EventJavascriptDialogOpening:
		w.dialogs = append(w.dialogs, e.Message)
		select {
		case w.asked <- struct{}{}:
		default: // more dialogs than a page can show
		}
	default:
		w.complaint(ev)
	}
}

// complaint adds what is wrong according to an event.
func (w *watch) complaint(ev any) {
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		w.console(e)
	case *runtime.EventExceptionThrown:
		w.add("exception: " + exceptionText(e.ExceptionDetails))
	case *log.EventEntryAdded:
		w.entry(e.Entry)
	case *audits.EventIssueAdded:
		w.issue(e.Issue.Details)
	case *network.EventRequestWillBeSent:
		w.request(e)
	case *network.EventResponseReceived:
		w.response(e)
	case *network.EventLoadingFailed:
		if !e.Canceled || e.BlockedReason != "" {
			w.add("request: " + w.requests[e.RequestID] + ": " + e.ErrorText +
				" " + string(e.BlockedReason))
		}
	}
}

func (w *watch) add(text string) {
	text = strings.TrimSpace(text)
	if !w.muted && !slices.Contains(w.problems, text) {
		w.problems = append(w.problems, text)
	}
}

func (w *watch) console(e *runtime.EventConsoleAPICalled) {
	switch e.Type {
	case runtime.ConsoleAPICalledTypeError, runtime.ConsoleAPICalledTypeWarning,
		runtime.ConsoleAPICalledTypeAssert:
	default:
		return
	}
	var words []string
	for _, arg := range e.Args {
		if arg.Description != "" {
			words = append(words, arg.Description)
			continue
		}
		words = append(words, strings.Trim(string(arg.Value), `"`))
	}
	w.add(fmt.Sprintf("console: %s: %s", e.Type, strings.Join(words, " ")))
}

func exceptionText(e *runtime.ExceptionDetails) string {
	if e.Exception != nil && e.Exception.Description != "" {
		return fmt.Sprintf("%s %s (%s:%d)", e.Text, e.Exception.Description, e.URL, e.LineNumber+1)
	}
	return fmt.Sprintf("%s (%s:%d)", e.Text, e.URL, e.LineNumber+1)
}

// entry adds what the browser itself writes to the console. What it says of requests is left out:
// it says it of a page that isn't found, too, which a test may want to see.
func (w *watch) entry(e *log.Entry) {
	serious := e.Level == log.EntryLevelError || e.Level == log.EntryLevelWarning
	if serious && e.Source != log.EntrySourceNetwork {
		w.add(fmt.Sprintf("%s: %s: %s", e.Source, e.Level, e.Text))
	}
}

// issue adds a violation of the content security policy.
func (w *watch) issue(d *audits.InspectorIssueDetails) {
	csp := d.ContentSecurityPolicyIssueDetails
	if csp == nil {
		return
	}
	where := ""
	if at := csp.SourceCodeLocation; at != nil {
		where = fmt.Sprintf(" at %s:%d", at.URL, at.LineNumber+1)
	}
	w.add(fmt.Sprintf("content security policy: %s: %s %s%s", csp.ViolatedDirective,
		csp.ContentSecurityPolicyViolationType, csp.BlockedURL, where))
}

func (w *watch) request(e *network.EventRequestWillBeSent) {
	w.requests[e.RequestID] = e.Request.URL
	u, err := url.Parse(e.Request.URL)
	if err != nil || u.Host == "" || slices.Contains(w.hosts, u.Host) {
		return // data: and blob: have no host
	}
	w.add("request to another host: " + e.Request.URL)
}

func (w *watch) response(e *network.EventResponseReceived) {
	if e.Type == network.ResourceTypeDocument {
		w.status = int(e.Response.Status)
		return
	}
	u, err := url.Parse(e.Response.URL)
	unasked := err == nil && u.Path == "/favicon.ico" // no page of ours asks for it
	if e.Response.Status >= 400 && !unasked {
		w.add(fmt.Sprintf("request: %s: status %d", e.Response.URL, e.Response.Status))
	}
}

func (w *watch) allow(host string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts = append(w.hosts, host)
}

// mute makes w ignore complaints until the function that it returns is called.
func (w *watch) mute() (unmute func()) {
	w.setMuted(true)
	return func() { w.setMuted(false) }
}

func (w *watch) setMuted(muted bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.muted = muted
}

func (w *watch) location() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.url
}

func (w *watch) documentStatus() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// loaded waits until the frame doesn't load.
func (w *watch) loaded(ctx context.Context, frame cdp.FrameID) error {
	for {
		w.mu.Lock()
		busy := w.loading[frame]
		w.mu.Unlock()
		if !busy {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// answerDialogs accepts each dialog of alert, confirm and prompt, until ctx ends. The page waits for
// it meanwhile.
func (w *watch) answerDialogs(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.asked:
			// Its only error is that there is no dialog any more.
			_, _ = chromedp.Call(ctx, page.HandleJavaScriptDialog,
				page.HandleJavaScriptDialogParams{Accept: true})
		}
	}
}
