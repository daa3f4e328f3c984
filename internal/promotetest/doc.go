// Package promotetest compares imports with a model of three-way promotion, on any adapter. The
// model knows an item as a number and decides by a table; it shares no code with
// federation/promote.
package promotetest
