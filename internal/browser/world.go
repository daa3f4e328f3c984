package browser

import (
	"context"
	"errors"
	"time"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// worldName names the isolated world of this package's scripts: they see the document, but the
// page's scripts don't see them.
const worldName = "bailiwick"

// world returns the isolated world of the present document.
func (p *Page) world(ctx context.Context) (runtime.ExecutionContextID, error) {
	r, err := chromedp.Call(ctx, page.CreateIsolatedWorld,
		page.CreateIsolatedWorldParams{FrameID: p.main, WorldName: worldName})
	return r.ExecutionContextID, err
}

// inWorld calls a synchronous function of JavaScript, which works without scripts, too. A document
// that is being replaced is waited for.
func inWorld[T any](ctx context.Context, p *Page, function string, args ...any) (T, error) {
	for attempt := 0; ; attempt++ {
		result, err := callOnce[T](ctx, p, function, args...)
		if err == nil || attempt == 5 || !isReplaced(err) {
			return result, err
		}
		time.Sleep(20 * time.Millisecond)
		if err := p.watch.loaded(ctx, p.main); err != nil {
			return result, err
		}
	}
}

func callOnce[T any](ctx context.Context, p *Page, function string, args ...any) (T, error) {
	world, err := p.world(ctx)
	if err != nil {
		var zero T
		return zero, err
	}
	return chromedp.Run(ctx, chromedp.CallFunctionOn[T](function,
		func(params *runtime.CallFunctionOnParams) { params.ExecutionContextID = world }, args...))
}

// isReplaced reports whether the protocol refused because the document went away meanwhile.
func isReplaced(err error) bool {
	var refused *cdproto.Error
	return errors.As(err, &refused)
}

// tick waits until the page has done what it had queued.
func (p *Page) tick(ctx context.Context) error {
	expression, wait := "new Promise(done => setTimeout(done, 0, true))", true
	if p.options.ScriptsOff {
		expression, wait = "true", false // no promise is ever resolved
		time.Sleep(50 * time.Millisecond)
	}
	_, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void](expression,
		func(params *runtime.EvaluateParams) { params.AwaitPromise = &wait }))
	if err != nil && isReplaced(err) {
		return nil
	}
	return err
}

// Eval evaluates an expression of JavaScript among the page's scripts and returns its value, or
// that of the promise that it is. The page's policy holds for what it does. It works in a page
// whose scripts are off, but for promises: these are never resolved there.
func Eval[T any](p *Page, expression string) T {
	p.t.Helper()
	wait := !p.options.ScriptsOff
	return get(p, "evaluate "+expression, func(ctx context.Context) (T, error) {
		return chromedp.Run(ctx, chromedp.Evaluate[T](expression,
			func(params *runtime.EvaluateParams) { params.AwaitPromise = &wait }))
	})
}

// WaitFor waits until an expression of JavaScript is true.
func (p *Page) WaitFor(expression string) {
	p.t.Helper()
	p.do("wait for "+expression, func(ctx context.Context) error {
		for {
			ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
			if ok || (err != nil && !isReplaced(err)) {
				return err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
}

// withScripts runs an action that needs promises. The page's scripts don't run meanwhile if they are
// off: Chromium has skipped them when it loaded the page.
func (p *Page) withScripts(ctx context.Context, action func() error) error {
	if !p.options.ScriptsOff {
		return action()
	}
	if err := setScriptsOff(ctx, false); err != nil {
		return err
	}
	return errors.Join(action(), setScriptsOff(ctx, true))
}

func setScriptsOff(ctx context.Context, off bool) error {
	_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled,
		emulation.SetScriptExecutionDisabledParams{Value: off})
	return err
}

// element returns a handle of what an expression of JavaScript names, in the isolated world.
func (p *Page) element(ctx context.Context, expression string) (runtime.RemoteObjectID, error) {
	world, err := p.world(ctx)
	if err != nil {
		return "", err
	}
	r, err := chromedp.Call(ctx, runtime.Evaluate,
		runtime.EvaluateParams{Expression: expression, ContextID: world})
	if err != nil {
		return "", err
	}
	if r.ExceptionDetails != nil {
		return "", &chromedp.ExceptionError{ExceptionDetails: r.ExceptionDetails}
	}
	if r.Result.ObjectID == "" {
		return "", errors.New("no element")
	}
	return r.Result.ObjectID, nil
}
