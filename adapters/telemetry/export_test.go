package telemetry

// Masked is masked, for the tests.
var Masked = redactSQL
