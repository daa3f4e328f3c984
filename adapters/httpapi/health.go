package httpapi

import (
	"errors"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// health is the response of the two probes.
type health struct {
	Status string `json:"status" enum:"ok"`
}

// serveLiveness reports that the process runs, without a read of the database.
func serveLiveness(w http.ResponseWriter, _ *call) error {
	return writeJSON(w, http.StatusOK, health{Status: "ok"})
}

// serveReadiness shows the message of a [tenancy.Error] that isn't internal. Any other
// cause goes only to the log.
func (a *api) serveReadiness(w http.ResponseWriter, c *call) error {
	err := a.ready.Run(c.Context())
	if err == nil {
		return serveLiveness(w, c)
	}
	message := "not ready to serve"
	if shown, ok := errors.AsType[*tenancy.Error](err); ok && shown.Code != tenancy.CodeInternal {
		message = shown.Message
	}
	return tenancy.Errorf(tenancy.CodeUnavailable, "%s", message).Because(err)
}

// serveMetrics passes the request with its caller to [Options.Metrics].
func (a *api) serveMetrics(w http.ResponseWriter, c *call) error {
	a.metrics.ServeHTTP(w, c.Request)
	return nil
}

func (a *api) serveOpenAPI(w http.ResponseWriter, _ *call) error {
	return writeBody(w, http.StatusOK, requestbody.JSONType, a.openapiDocument)
}
