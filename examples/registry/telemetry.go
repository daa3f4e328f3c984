package main

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

// flushTime is how long the end of the server waits for a collector.
const flushTime = 5 * time.Second

// startTelemetry begins to tell what the registry does. Traces go where OpenTelemetry's
// own settings say, which its exporter reads itself.
func (reg *registry) startTelemetry(ctx context.Context, set settings, log *slog.Logger) error {
	if !set.traces {
		reg.telemetry = telemetry.New(telemetry.Options{})
		return nil
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return err
	}
	about, err := sdk.New(ctx,
		sdk.WithAttributes(attribute.String("service.name", "bailiwick-registry")),
		sdk.WithTelemetrySDK(), sdk.WithFromEnv())
	if err != nil {
		return err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(
		func(err error) { log.Warn("traces aren't exported", "error", err) }))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	reg.telemetry = telemetry.New(telemetry.Options{TracerProvider: provider})
	reg.shutdownTraces = func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			log.Warn("the last traces are lost", "error", err)
		}
	}
	return nil
}
