package httpapi

import (
	"context"
	"log/slog"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// LogHandler adds to each record what its context has of request_id, tenant (the
// id) and actor (kind and id), and hands it to next. In a logger with an open
// group they stand in that group. Around a LogHandler it does nothing.
func LogHandler(next slog.Handler) slog.Handler {
	if _, ok := next.(logHandler); ok {
		return next
	}
	return logHandler{next}
}

// withLogHandler is l with a [LogHandler].
func withLogHandler(l *slog.Logger) *slog.Logger { return slog.New(LogHandler(l.Handler())) }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	var known []slog.Attr
	if id := RequestID(ctx); id != "" {
		known = append(known, slog.String("request_id", id))
	}
	if tenant, err := tenancy.FromContext(ctx); err == nil {
		known = append(known, slog.String("tenant", tenant.String()))
	}
	if p := tenancy.PrincipalFrom(ctx); !p.Anonymous() {
		known = append(known, actor(p))
	}
	if len(known) == 0 {
		return h.Handler.Handle(ctx, r)
	}
	r = r.Clone()
	r.AddAttrs(known...)
	return h.Handler.Handle(ctx, r)
}

func actor(p tenancy.Principal) slog.Attr {
	if p.ID == "" {
		return slog.Group("actor", slog.String("kind", string(p.Kind)))
	}
	return slog.Group("actor", slog.String("kind", string(p.Kind)), slog.String("id", p.ID))
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
