package portstest_test

import (
	"reflect"
	"testing"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

func TestEveryMethodChecksTheRightOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	exempt := portstest.WithoutRight()
	checked := map[string]bool{}
	for _, method := range portstest.RightWrites() {
		checked[method] = true
	}
	for field := range reflect.TypeFor[ports.Services]().Fields() {
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		for method := range field.Type.Methods() {
			name := field.Type.Name() + "." + method.Name
			if _, reads := exempt[name]; checked[name] == reads {
				t.Errorf("%s must be in one of rightWrites and withoutRight", name)
			}
			delete(exempt, name)
			delete(checked, name)
		}
	}
	for name := range exempt {
		t.Errorf("withoutRight names %s, which no port has", name)
	}
	for name := range checked {
		t.Errorf("rightWrites has %s, which no port has", name)
	}
}
