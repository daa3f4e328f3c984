package browser

import (
	"context"
	"errors"
)

// Found is a candidate's source and path.
type Found struct{ Source, Path string }

// Candidates is the search of a machine with the environment and the system, whose files are below
// root.
func Candidates(env map[string]string, goos, root string) (found []Found, missing []string) {
	m := machine{func(name string) string { return env[name] }, goos, root}
	all, missing := m.candidates()
	for _, c := range all {
		found = append(found, Found{c.source, c.path})
	}
	return found, missing
}

// StartAndStop starts the Chromium of a machine with the environment, calls use with its folder,
// and stops it.
func StartAndStop(ctx context.Context, env map[string]string, goos, root string,
	use func(source, dir string) error) error {
	m := machine{func(name string) string { return env[name] }, goos, root}
	p, err := start(ctx, m)
	if err != nil {
		return err
	}
	return errors.Join(use(p.source, p.dir), p.stop())
}

// Limit is a limiter of tests.
func Limit(most int) (acquire, release func(test string)) {
	l := newLimiter(most)
	return l.acquire, l.release
}

var (
	Sweep           = sweep
	TemplateLiteral = templateLiteral
)
