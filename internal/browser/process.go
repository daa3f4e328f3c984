package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// startLimit is how long a Chromium may take until it answers.
const startLimit = time.Minute

// process is a Chromium.
type process struct {
	ctx    context.Context // the parent of each page's
	cancel context.CancelFunc
	dir    string // all that it writes
	source string
}

// start starts the first candidate that works. The error names all that was tried.
func start(ctx context.Context, m machine) (*process, error) {
	found, missing := m.candidates()
	for _, c := range found {
		p, err := launch(c)
		if err == nil {
			return p, nil
		}
		missing = append(missing, fmt.Sprintf("%s: %s: %v", c.source, c.path, err))
	}
	found, more := m.containers(ctx)
	missing = append(missing, more...)
	for _, c := range found {
		p, err := launch(c)
		if err == nil {
			return p, nil
		}
		missing = append(missing, fmt.Sprintf("%s: %v", c.source, err))
	}
	return nil, fmt.Errorf("no Chromium starts; tried\n  %s\n%s",
		strings.Join(missing, "\n  "), howToGet)
}

// launch starts a Chromium that talks over a pipe, so that it ends when this process does, however
// it ends.
func launch(c candidate) (*process, error) {
	dir, err := newFolder()
	if err != nil {
		return nil, err
	}
	allocator, free := chromedp.NewExecAllocator(context.Background(), flags(c, dir)...)
	ctx, cancel := chromedp.NewContext(allocator)
	p := &process{ctx: ctx, dir: dir, source: c.source + ": " + c.path}
	p.cancel = func() { cancel(); free() }
	// The first call's context is the browser's: a timeout of it would end the browser later.
	slow := time.AfterFunc(startLimit, cancel)
	err = chromedp.Do(ctx)
	if !slow.Stop() && err == nil {
		err = context.DeadlineExceeded
	}
	if err != nil {
		cancel()
		return nil, errors.Join(err, removeAll(dir))
	}
	return p, nil
}

func flags(c candidate, dir string) []chromedp.ExecAllocatorOption {
	all := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(c.path),
		chromedp.UserDataDir(filepath.Join(dir, "profile")),
		chromedp.Env("HOME="+dir, "XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "TMPDIR="+dir),
		chromedp.Flag("host-resolver-rules", resolverRules(c)),
		chromedp.Flag("lang", "en-US"),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("disable-features",
			"Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,BackForwardCache"),
	)
	if c.image == "" {
		return all
	}
	return append(all, chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) { inContainer(cmd, c, dir) }))
}

// stop ends Chromium, waits for it, and removes what it wrote.
func (p *process) stop() error {
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	err := chromedp.Cancel(ctx)
	if errors.Is(err, context.Canceled) {
		err = nil // it had ended before
	}
	p.cancel()
	return errors.Join(err, removeAll(p.dir))
}

// removeAll removes a folder into which processes that are ending may still write.
func removeAll(dir string) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := os.RemoveAll(dir)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
