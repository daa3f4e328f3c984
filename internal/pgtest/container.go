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
)

//go:embed image.txt
var imageFile string

// image is the name of the image that containers are made of.
func image(getenv func(string) string) string {
	if name := getenv("PGTEST_IMAGE"); name != "" {
		return name
	}
	return strings.TrimSpace(imageFile)
}

// containerLimit is how long a container may take, pulling its image included,
// until the next step gets its turn.
const containerLimit = time.Minute

// container starts PostgreSQL in a container. Like the private cluster it is
// fast rather than durable.
func container(ctx context.Context, image string) (*server, error) {
	if err := engineAnswers(ctx, engineHosts()); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, containerLimit)
	defer cancel()
	// What it does is told by how; its own lines would stand in every failure.
	log.SetDefault(log.NewNoopLogger())
	c, err := postgres.Run(ctx, image,
		postgres.WithPassword(rand.Text()),
		testcontainers.WithCmdArgs(
			"-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c",
			"max_connections=500"),
		// The image starts twice: the first time to prepare itself, unreachable.
		testcontainers.WithWaitStrategy(
			wait.ForLog("database system is ready to accept connections").WithOccurrence(2)))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("image %s: %w", image, err), discard(c))
	}
	url, err := reachable(ctx, c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("container of %s: %w", image, err), discard(c))
	}
	return &server{
		url:  url,
		how:  image,
		stop: func(ctx context.Context) error { return c.Terminate(ctx) },
	}, nil
}

// reachable is the URL under which c answers. testcontainers takes a machine
// with a file /.dockerenv for a container and asks its gateway. But a machine
// that was made from an image has that file too, and its engine next to us:
// first try that.
func reachable(ctx context.Context, c *postgres.PostgresContainer) (string, error) {
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
	nearErr := reach(ctx, near)
	if nearErr == nil {
		return near, nil
	}
	if err := reach(ctx, raw); err != nil {
		return "", errors.Join(nearErr, err)
	}
	return raw, nil
}

// discard removes a container that came up wrong, if it came at all.
func discard(c *postgres.PostgresContainer) error {
	if c == nil {
		return nil
	}
	return testcontainers.TerminateContainer(c)
}
