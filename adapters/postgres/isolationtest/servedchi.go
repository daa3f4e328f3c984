package isolationtest

import (
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
)

// Package chi is read through its exported methods and fields, by reflection: importing it would
// add it to every host.

// chiRoutes returns the answer of chi's method Routes() []chi.Route.
func chiRoutes(router any) (routes reflect.Value, ok bool) {
	method := reflect.ValueOf(router).MethodByName("Routes")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return reflect.Value{}, false
	}
	answer := method.Type().Out(0)
	if answer.Kind() != reflect.Slice || answer.Elem().Kind() != reflect.Struct {
		return reflect.Value{}, false
	}
	for _, field := range []string{"Pattern", "Handlers", "SubRoutes"} {
		if _, ok := answer.Elem().FieldByName(field); !ok {
			return reflect.Value{}, false
		}
	}
	return method.Call(nil)[0], true
}

// walkChi returns the patterns of chi's routes, which are mounted at prefix.
func walkChi(routes reflect.Value, prefix string) ([]servedRoute, error) {
	var found []servedRoute
	for i := range routes.Len() {
		route := routes.Index(i)
		path := prefix + route.FieldByName("Pattern").String()
		if sub := route.FieldByName("SubRoutes"); !sub.IsNil() {
			below, ok := chiRoutes(sub.Interface())
			if !ok {
				return nil, fmt.Errorf("%T, mounted at %s, doesn't tell its routes",
					sub.Interface(), path)
			}
			inner, err := walkChi(below, strings.TrimSuffix(path, "/*"))
			if err != nil {
				return nil, err
			}
			found = append(found, inner...)
			continue
		}
		handlers, ok := route.FieldByName("Handlers").Interface().(map[string]http.Handler)
		if !ok {
			return nil, fmt.Errorf("the routes of this version of chi can't be read: the handlers"+
				" of %s are a %s", path, route.FieldByName("Handlers").Type())
		}
		found = append(found, methodsOfChi(path, handlers)...)
	}
	slices.SortFunc(found, func(a, b servedRoute) int { return strings.Compare(a.path+a.method, b.path+b.method) })
	return found, nil
}

// methodsOfChi returns a pattern for each method, or one without a method if all are served.
func methodsOfChi(path string, handlers map[string]http.Handler) []servedRoute {
	if h, all := handlers["*"]; all {
		return []servedRoute{{path: path, handler: h}}
	}
	var found []servedRoute
	for method, h := range handlers {
		found = append(found, servedRoute{method: method, path: path, handler: h})
	}
	return found
}
