package examine

// VersionFindings lets tests check versions of servers that they don't have.
var VersionFindings = versionFindings
