// Package folder writes a bundle as a folder of text files, one for each item, and reads such a
// folder as a bundle, so that a tenant's configuration can be kept and reviewed in git.
//
//	bundle.yaml                          the format, and where the bundle comes from
//	.gitattributes                       keeps git from changing line ends
//	items/agent/triage.yaml              an item
//	items/agent/triage.texts/prompt.txt  a text of this item that has several lines, or is long
//
// A bundle that is unpacked and packed again is the same, byte by byte. The digests aren't in the
// folder: they are computed from what is in it.
package folder
