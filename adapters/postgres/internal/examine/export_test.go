package examine

// FlawsOf lets a test ask about servers that it doesn't have.
var FlawsOf = flawsOf
