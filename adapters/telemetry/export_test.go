package telemetry

// RedactSQL exports redactSQL to the tests.
var RedactSQL = redactSQL
