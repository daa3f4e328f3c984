package browser

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// defaultImage has a Chromium without a window. It has no DevTools, so that [Page.Axe] fails with
// it.
const defaultImage = "chromedp/headless-shell"

// engineLimit is how long an engine may take to say whether it has an image.
const engineLimit = 5 * time.Second

// containers returns the first container engine that has the image, or a text for each engine that
// hasn't.
func (m machine) containers(ctx context.Context) (found []candidate, missing []string) {
	image := m.getenv("BROWSER_IMAGE")
	if image == "" {
		image = defaultImage
	}
	if m.goos == "windows" {
		return nil, []string{"container: not on Windows"}
	}
	for _, engine := range []string{"docker", "podman"} {
		source := engine + ", image " + image
		for _, path := range m.search(engine) {
			if !isProgram(path) {
				continue
			}
			err := hasImage(ctx, path, image)
			if err == nil {
				return []candidate{{source: source, path: path, image: image}}, missing
			}
			missing = append(missing, source+": "+err.Error())
		}
	}
	return nil, append(missing, "container: no engine has the image "+image)
}

func hasImage(ctx context.Context, engine, image string) error {
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, engine, "image", "inspect", "--format", "ok", image)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// inContainer makes cmd, which would start Chromium with two pipes as its file descriptors 3 and 4,
// one that starts it in a container. Standard input and output take the pipes there: no port is
// opened, and Chromium ends when its input does, even if this process is killed.
func inContainer(cmd *exec.Cmd, c candidate, dir string) {
	pipes := cmd.ExtraFiles
	cmd.Stdin, cmd.Stdout, cmd.ExtraFiles = pipes[0], pipes[1], nil
	flags := append(cmd.Args[1:], "--no-sandbox") // a container has no namespaces to give
	cmd.Path = c.path
	cmd.Args = append([]string{c.path}, containerArgs(c.image, dir)...)
	cmd.Args = append(cmd.Args, flags...)
}

// containerScript starts the image's Chromium, whatever its name.
const containerScript = `for p in chromium headless-shell /headless-shell/headless-shell ` +
	`chromium-browser google-chrome chrome; do ` +
	`command -v "$p" >/dev/null && exec "$p" "$@" 3<&0 4>&1 1>&2; done; ` +
	`echo no Chromium in this image >&2; exit 127`

// containerArgs are the engine's arguments up to Chromium's own. The tests' servers listen on the
// loopback interface: on Linux the container shares it. Other systems run containers in a virtual
// machine, which knows this one as host.docker.internal.
func containerArgs(image, dir string) []string {
	args := []string{"run", "--rm", "--interactive", "--pull=never", "--entrypoint=sh",
		fmt.Sprintf("--user=%d:%d", os.Getuid(), os.Getgid()),
		"--env=HOME=" + dir, "--env=TMPDIR=" + dir,
		"--volume=" + filepath.Dir(dir) + ":" + filepath.Dir(dir)} // for uploads, too
	if runtime.GOOS == "linux" {
		args = append(args, "--network=host")
	}
	return append(args, image, "-c", containerScript, "sh")
}

// resolverRules keep Chromium from every host but this one.
func resolverRules(c candidate) string {
	if c.image == "" || runtime.GOOS == "linux" {
		return "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost," +
			" EXCLUDE [::1]"
	}
	return "MAP 127.0.0.1 host.docker.internal, MAP localhost host.docker.internal," +
		" MAP *.localhost host.docker.internal, MAP * ~NOTFOUND," +
		" EXCLUDE host.docker.internal"
}
