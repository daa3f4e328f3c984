package viewtest_test

import (
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// The layout would show the model's field instead of the frame's.
func TestNoModelHidesAFieldOfItsFrame(t *testing.T) {
	t.Parallel()
	frame := reflect.TypeFor[view.Frame]()
	for _, m := range models {
		model := reflect.TypeOf(m)
		for i := range model.NumField() {
			_, hides := frame.FieldByName(model.Field(i).Name)
			require.False(t, hides, "%s.%s", model.Name(), model.Field(i).Name)
		}
	}
}
