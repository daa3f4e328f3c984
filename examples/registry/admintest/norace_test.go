//go:build !race

package admintest

// thorough says that the pages are walked and looked at as everyone, with all looks.
const thorough = true
