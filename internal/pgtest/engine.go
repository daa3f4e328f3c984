package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// engineLimit is how long an engine may take to answer. A running engine answers in milliseconds;
// testcontainers itself would wait for ever.
const engineLimit = 2 * time.Second

// engineAnswers returns an error unless a container engine answers at one of hosts. The error names
// the reason for each host.
func engineAnswers(ctx context.Context, hosts []string) error {
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	var all []error
	for _, host := range hosts {
		err := ping(ctx, host)
		if err == nil {
			return nil
		}
		all = append(all, fmt.Errorf("%s: %w", host, err))
	}
	return fmt.Errorf(
		"no container engine answers (start Docker or Podman, or set DOCKER_HOST): %w",
		errors.Join(all...))
}

// engineHosts returns where an engine may listen: DOCKER_HOST if it is set, otherwise the usual
// sockets, which testcontainers tries, too.
func engineHosts() []string {
	if host := os.Getenv("DOCKER_HOST"); host != "" {
		return []string{host}
	}
	sockets := []string{"/var/run/docker.sock"}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		sockets = append(sockets, filepath.Join(dir, "docker.sock"))
	}
	if home, err := os.UserHomeDir(); err == nil {
		sockets = append(sockets,
			filepath.Join(home, ".docker", "run", "docker.sock"),
			filepath.Join(home, ".docker", "desktop", "docker.sock"))
	}
	sockets = append(sockets, filepath.Join("/run/user", strconv.Itoa(os.Getuid()), "docker.sock"))
	hosts := make([]string, len(sockets))
	for i, socket := range sockets {
		hosts[i] = "unix://" + socket
	}
	return hosts
}

// ping returns an error unless an engine answers at host.
func ping(ctx context.Context, host string) error {
	network, address, _ := strings.Cut(host, "://")
	if network != "unix" && network != "tcp" {
		return errors.New("not probed: only unix:// and tcp:// are")
	}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://engine/_ping", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK && os.Getenv("DOCKER_TLS_VERIFY") == "" {
		return errors.New(resp.Status)
	}
	return nil
}
