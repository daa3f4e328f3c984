package server

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
)

// flushTime is how long the shutdown waits for the collector of traces.
const flushTime = 5 * time.Second

// startTelemetry creates metrics and, with a trace endpoint, traces. The exporter
// reads OpenTelemetry's own environment variables itself.
func (reg *Registry) startTelemetry(ctx context.Context, cfg Settings, log *slog.Logger) error {
	if !cfg.traces {
		reg.telemetry = telemetry.New(telemetry.Options{})
		return nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	resource, err := sdk.New(ctx,
		sdk.WithAttributes(attribute.String("service.name", "bailiwick-registry")),
		sdk.WithTelemetrySDK(), sdk.WithFromEnv())
	if err != nil {
		return err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(
		func(err error) { log.Warn("exporting traces failed", "error", err) }))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource))
	reg.telemetry = telemetry.New(telemetry.Options{TracerProvider: provider})
	// The batcher holds spans back for some seconds, so the shutdown must send them.
	reg.shutdownTraces = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last traces were lost", "error", err)
		}
	}
	return nil
}
