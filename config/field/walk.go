package field

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Named is a secret with the path of its field: server.scim.token, or
// keys.payload[0].
type Named struct {
	Path   string
	Secret Secret
}

// Secrets returns every secret that a configuration names, in the order of its
// fields. It walks structs by their YAML names, pointers, interfaces, lists and
// maps, so that a new field needs no entry in any list.
func Secrets(config any) []Named {
	var out []Named
	walk(reflect.ValueOf(config), "", func(path string, s Secret) {
		if !s.IsZero() {
			out = append(out, Named{path, s})
		}
	})
	return out
}

func walk(v reflect.Value, path string, visit func(string, Secret)) {
	if !v.IsValid() {
		return
	}
	if s, ok := v.Interface().(Secret); ok {
		visit(path, s)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		walk(v.Elem(), path, visit)
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
			switch {
			case !f.IsExported() || name == "-":
			case name != "":
				walk(v.Field(i), strings.TrimPrefix(path+"."+name, "."), visit)
			case strings.Contains(options, "inline"):
				walk(v.Field(i), path, visit)
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Map:
		keys := map[string]reflect.Value{}
		for _, k := range v.MapKeys() {
			keys[fmt.Sprint(k)] = k
		}
		for _, name := range slices.Sorted(maps.Keys(keys)) {
			walk(v.MapIndex(keys[name]), strings.TrimPrefix(path+"."+name, "."), visit)
		}
	}
}
