//go:build race

package admintest

// thorough is false under the race detector, with which a walk takes several times as long: fewer
// people walk, with the same checks. .ci/run walks as all of them without the detector.
const thorough = false
