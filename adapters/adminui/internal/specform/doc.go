// Package specform turns the spec of a resource into the inputs of a form, and a form that
// was sent back into a spec. A form that is sent as it was gives the spec that it was made
// from, byte by byte in canonical form: a value that its field's input can't hold exactly is
// edited as JSON, and a value that an empty input means travels in a hidden field.
package specform
