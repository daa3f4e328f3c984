package viewtest_test

import (
	"fmt"
	"reflect"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// filler fills a model: each string with a text and a number, each slice with two elements, each pointer.
type filler struct {
	text  string
	count int // of the strings so far, so that they differ as in real data
}

var types = []string{"", view.TextField, view.EmailField, view.PasswordField, view.NumberField,
	view.AreaField, view.CodeField, view.SelectField, view.CheckField, view.FileField, view.DateField,
	view.PickerField}

func (f *filler) model(m view.Model) view.Model {
	v := reflect.New(reflect.TypeOf(m)).Elem()
	f.fill(v)
	return v.Interface().(view.Model)
}

func (f *filler) fill(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *view.Time:
		*at = time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		return
	case *[]view.Field:
		*at = f.fields()
		return
	}
	switch v.Kind() {
	case reflect.String:
		f.count++
		v.SetString(fmt.Sprintf("%s#%d", f.text, f.count))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(1234567)
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	default:
		panic(fmt.Sprintf("a view model has a %s: it is a plain struct", v.Type()))
	}
}

// fields returns a field of each type. A name is part of ids, which have no spaces: the pages
// choose the names.
func (f *filler) fields() []view.Field {
	var fields []view.Field
	for _, kind := range types {
		var field view.Field
		v := reflect.ValueOf(&field).Elem()
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
		f.count++
		field.Type, field.Name = kind, fmt.Sprintf("n%d", f.count)
		fields = append(fields, field)
	}
	return fields
}
