package pgtest

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/log"
	"github.com/testcontainers/testcontainers-go/modules/postgres"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/bailiwick-go/bailiwick/internal/testdb"
)

//go:embed image.txt
var imageFile string

// image returns the name of the container image: PGTEST_IMAGE, or the content of image.txt.
func image(getenv func(string) string) string {
	if name := getenv("PGTEST_IMAGE"); name != "" {
		return name
	}
	return strings.TrimSpace(imageFile)
}

// containerLimit is how long a container may take to start, including the pull of its image, before
// the next step is tried.
const containerLimit = time.Minute

// startContainer starts PostgreSQL in a container. Like the private cluster, it is fast rather than
// durable.
func startContainer(ctx context.Context, image string) (*testdb.Server, error) {
	if err := engineAnswers(ctx, engineHosts()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	// The server's source says what happened. The library's log lines would appear in every failed
	// test.
	log.SetDefault(log.NewNoopLogger())
	c, err := postgres.Run(ctx, image,
		postgres.WithPassword(rand.Text()),
		testcontainers.WithCmdArgs(
			"-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c",
			"max_connections=500"),
		// PostgreSQL starts twice in the image. The first start initialises it and isn't reachable.
		testcontainers.WithWaitStrategy(
			wait.ForLog("database system is ready to accept connections").WithOccurrence(2)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("image %s: %w", image, err), removeContainer(c))
	}
	url, err := reachableURL(ctx, c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("container of %s: %w", image, err), removeContainer(c))
	}
	return &testdb.Server{
		URL:    url,
		Source: image,
		Stop:   func(ctx context.Context) error { return c.Terminate(ctx) },
	}, nil
}

// reachableURL returns the URL at which c answers. testcontainers treats a machine with a file
// /.dockerenv as a container, and connects to its gateway. A machine made from an image has that
// file, too, but its engine is on the loopback interface, so that is tried first.
func reachableURL(ctx context.Context, c *postgres.PostgresContainer) (string, error) {
	raw, err := c.ConnectionString(ctx, "sslmode=disable")
	if err != nil {
		return "", err
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", err
	}
	u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	near := u.String()
	nearErr := testdb.WaitReachable(ctx, near)
	if nearErr == nil {
		return near, nil
	}
	if err := testdb.WaitReachable(ctx, raw); err != nil {
		return "", errors.Join(nearErr, err)
	}
	return raw, nil
}

// removeContainer removes a container that failed to start; c is nil if there is none.
func removeContainer(c *postgres.PostgresContainer) error {
	if c == nil {
		return nil
	}
	return testcontainers.TerminateContainer(c)
}
