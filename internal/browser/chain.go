package browser

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
)

const howToGet = `get one of these:
  Debian, Ubuntu   apt-get install chromium
  Fedora           dnf install chromium
  macOS            brew install --cask chromium
  Windows          winget install Google.Chrome
  anywhere         set BROWSER to the path of a Chromium or Chrome`

// machine is where a Chromium may be.
type machine struct {
	getenv func(string) string
	goos   string
	root   string // a folder in place of the root of the file system
}

func thisMachine() machine { return machine{os.Getenv, runtime.GOOS, ""} }

// candidate is one way to start a Chromium.
type candidate struct {
	source string // for people
	path   string // the program, or the container engine's
	image  string // of a container; empty for a program of this machine
}

// candidates returns what the machine has, in the order in which it is tried, and a text for each
// place that has nothing.
func (m machine) candidates() (found []candidate, missing []string) {
	add := func(source string, paths ...string) {
		before := len(found)
		for _, path := range paths {
			known := slices.ContainsFunc(found, func(c candidate) bool { return c.path == path })
			if !known && isProgram(path) {
				found = append(found, candidate{source: source, path: path})
			}
		}
		if len(found) == before {
			missing = append(missing, source+": none")
		}
	}
	if path := m.getenv("BROWSER"); path != "" {
		add("BROWSER="+path, m.search(path)...)
	} else {
		missing = append(missing, "BROWSER: not set")
	}
	for _, name := range names {
		add("PATH: "+name, m.search(name)...)
	}
	for _, pattern := range m.places() {
		paths, _ := filepath.Glob(m.root + pattern) // the patterns are constant
		add(pattern, paths...)
	}
	return found, missing
}

// names are those under which packages put Chromium into a folder of PATH.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	"chrome", "msedge"}

// search returns the paths of the program name in the folders of PATH, or name itself if it is a
// path.
func (m machine) search(name string) []string {
	if filepath.Base(name) != name {
		return []string{name}
	}
	var paths []string
	for _, dir := range filepath.SplitList(m.getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue
		}
		path := filepath.Join(dir, name)
		if m.goos == "windows" {
			path += ".exe"
		}
		paths = append(paths, path)
	}
	return paths
}

// places returns patterns of the paths to which packages install Chromium.
func (m machine) places() []string {
	home := m.getenv("HOME")
	switch m.goos {
	case "darwin":
		return product([]string{"/Applications/", home + "/Applications/"}, []string{
			"Chromium.app/Contents/MacOS/Chromium",
			"Google Chrome.app/Contents/MacOS/Google Chrome",
			"Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
		})
	case "windows":
		return product(
			[]string{m.getenv("ProgramFiles"), m.getenv("ProgramFiles(x86)"),
				m.getenv("LocalAppData")},
			[]string{`\Chromium\Application\chrome.exe`, `\Google\Chrome\Application\chrome.exe`,
				`\Microsoft\Edge\Application\msedge.exe`})
	}
	return []string{
		"/usr/bin/chromium", "/usr/lib/chromium/chromium",
		"/usr/lib*/chromium-browser/chromium-browser", "/snap/bin/chromium",
		"/opt/google/chrome/chrome", "/opt/chromium.org/chromium/chromium",
		"/opt/microsoft/msedge/msedge", home + "/.cache/ms-playwright/chromium-*/*/chrome",
		home + "/.cache/puppeteer/chrome/*/*/chrome",
	}
}

func product(dirs, rest []string) []string {
	var all []string
	for _, dir := range dirs {
		for _, path := range rest {
			all = append(all, dir+path)
		}
	}
	return all
}

// isProgram reports whether path is a file that can be executed.
func isProgram(path string) bool {
	found, err := exec.LookPath(path)
	return err == nil && found == path
}
