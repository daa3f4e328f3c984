package httpapi

import (
	"context"
	"log/slog"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// LogHandler adds the attributes request_id, tenant (the id) and actor (kind and id)
// to each record, as far as its context has them, and passes the record to next. A
// logger with an open group gets them in that group. If next is a LogHandler,
// LogHandler returns it unchanged.
func LogHandler(next slog.Handler) slog.Handler {
	if _, ok := next.(logHandler); ok {
		return next
	}
	return logHandler{next}
}

// withLogHandler returns l with a [LogHandler].
func withLogHandler(l *slog.Logger) *slog.Logger { return slog.New(LogHandler(l.Handler())) }

type logHandler struct{ slog.Handler }

// Handle adds the context's attributes to a clone of the record, because other handlers
// may hold the same record.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	var attrs []slog.Attr
	if id := RequestID(ctx); id != "" {
		attrs = append(attrs, slog.String("request_id", id))
	}
	if tenant, err := tenancy.FromContext(ctx); err == nil {
		attrs = append(attrs, slog.String("tenant", tenant.String()))
	}
	if p := tenancy.PrincipalFrom(ctx); !p.Anonymous() {
		attrs = append(attrs, actorAttr(p))
	}
	if len(attrs) == 0 {
		return h.Handler.Handle(ctx, r)
	}
	r = r.Clone()
	r.AddAttrs(attrs...)
	return h.Handler.Handle(ctx, r)
}

// actorAttr returns the group actor. The platform token has no id.
func actorAttr(p tenancy.Principal) slog.Attr {
	if p.ID == "" {
		return slog.Group("actor", slog.String("kind", string(p.Kind)))
	}
	return slog.Group("actor", slog.String("kind", string(p.Kind)), slog.String("id", p.ID))
}

// WithAttrs keeps the handler around the returned one: an embedded method would return
// next's handler without it.
func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup keeps the handler around the returned one, as WithAttrs does.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name)}
}
