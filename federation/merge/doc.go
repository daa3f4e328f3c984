// Package merge joins what two sides changed in one item since a base that both come from
// (three-way merge).
//
// A place of an item is a JSON Pointer (RFC 6901), such as /labels/team or /spec/prompts. What
// only one side changed is taken; what both changed to the same is taken; what both changed
// differently is a conflict, in which nothing is decided. Objects are joined member by member.
// A list of references is a set: what either side added is in it, what either side removed
// isn't. Any other list is a value, as numbers and texts are: joining lists by position
// invents orders that neither side wrote. So is a reference to a secret or to an item, which
// means something only as a whole.
package merge
