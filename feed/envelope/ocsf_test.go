package envelope_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"ramp.dev/ramp/feed/envelope"
)

// object is what version 1.8.0 of the framework, as published in github.com/ocsf/ocsf-schema
// at 3dcb905d26523ce4d5d0ba3c28c8507e2c859407, says of one object or class, as far as Ramp
// uses it: a name that is not here is not used. A name ends with "!" if the framework
// requires it; after a colon stands its type, a text if there is none.
type object struct {
	fields string
	oneOf  []string // at least one of these is needed
}

const base = "activity_id!:int activity_name category_uid!:int category_name class_uid!:int class_name type_uid!:int type_name " +
	"severity_id!:int severity status_id:int status status_code time!:int message count:int metadata!:metadata unmapped:any "

// iam is what all classes of Identity & Access Management have.
const iam = base + "actor:actor src_endpoint:network_endpoint "

var framework = map[string]object{
	"Detection Finding":      {fields: base + "finding_info!:finding_info is_alert:bool resources:[resource_details"},
	"Account Change":         {fields: iam + "user!:user"},
	"Authentication":         {fields: iam + "user!:user service:service", oneOf: []string{"service", "dst_endpoint"}},
	"Entity Management":      {fields: iam + "entity!:managed_entity"},
	"User Access Management": {fields: iam + "user!:user privileges!:[text resources:[resource_details"},
	"Group Management":       {fields: iam + "group!:group resources:[resource_details"},
	"API Activity":           {fields: base + "actor!:actor api!:api src_endpoint!:network_endpoint resources:[resource_details"},

	"metadata":         {fields: "version! product!:product uid sequence:int event_code log_name correlation_uid"},
	"product":          {fields: "name vendor_name", oneOf: []string{"name", "uid"}},
	"actor":            {fields: "user:user app_name", oneOf: []string{"user", "app_name"}},
	"user":             {fields: "uid name type_id:int type", oneOf: []string{"account", "name", "uid"}},
	"network_endpoint": {fields: "name ip", oneOf: []string{"ip", "uid", "name", "hostname"}},
	"resource_details": {fields: "uid name type", oneOf: []string{"name", "uid"}},
	"service":          {fields: "uid name", oneOf: []string{"name", "uid"}},
	"group":            {fields: "uid name type", oneOf: []string{"name", "uid"}},
	"managed_entity":   {fields: "uid name type type_id:int", oneOf: []string{"name", "uid"}},
	"api":              {fields: "operation! service:service"},
	"finding_info":     {fields: "uid! title desc types:[text created_time:int"},
}

// numbers are the values that the framework gives a field.
var numbers = map[string][]float64{
	"severity_id": {0, 1, 2, 3, 4, 5, 6, 99}, "status_id": {0, 1, 2, 3, 4, 5, 6, 99}, "user.type_id": {0, 1, 2, 3, 4, 99}, "managed_entity.type_id": {0, 1, 2, 3, 4, 5, 6, 7, 99},
}

// TestOCSFAsPublished: a SIEM that validates takes each event.
func TestOCSFAsPublished(t *testing.T) {
	for _, e := range events() {
		for _, requester := range []string{"alice@example.com", ""} {
			line, err := envelope.Encode(e, envelope.Options{Format: envelope.OCSF, Requester: requester})
			require.NoError(t, err)
			var read struct{ Data map[string]any }
			require.NoError(t, json.Unmarshal(line, &read))
			class, _ := read.Data["class_name"].(string)
			fits(t, string(e.Kind), class, read.Data)
			require.Equal(t, "1.8.0", read.Data["metadata"].(map[string]any)["version"])
		}
	}
}

// fits demands that a value is what the framework says of an object.
func fits(t *testing.T, at, name string, value map[string]any) {
	t.Helper()
	is, ok := framework[name]
	require.True(t, ok, "%s: there is no %q", at, name)
	known := map[string]bool{}
	for _, f := range strings.Fields(is.fields) {
		f, kind, _ := strings.Cut(f, ":")
		field := strings.TrimSuffix(f, "!")
		known[field] = true
		v, there := value[field]
		require.True(t, there || field == f, "%s: %s needs %s", at, name, field)
		if there {
			fitsKind(t, at+"."+field, name, field, kind, v)
		}
	}
	for field := range value {
		require.True(t, known[field], "%s: %s has no %s", at, name, field)
	}
	require.True(t, len(is.oneOf) == 0 || slices.ContainsFunc(is.oneOf, func(f string) bool { return value[f] != nil }), "%s: %s needs one of %v", at, name, is.oneOf)
}

func fitsKind(t *testing.T, at, object, field, kind string, v any) {
	t.Helper()
	switch kind {
	case "", "text":
		text, ok := v.(string)
		require.True(t, ok && text != "", "%s: %v is no text", at, v)
	case "int":
		n, ok := v.(float64)
		require.True(t, ok && n == float64(int64(n)), "%s: %v is no number", at, v)
		for _, name := range []string{field, object + "." + field} {
			if allowed := numbers[name]; allowed != nil {
				require.Contains(t, allowed, n, at)
			}
		}
	case "bool":
		require.IsType(t, true, v, at)
	case "any":
		require.IsType(t, map[string]any{}, v, at)
	default:
		if of, list := strings.CutPrefix(kind, "["); list {
			items, ok := v.([]any)
			require.True(t, ok && len(items) > 0, "%s: %v is no list", at, v)
			for _, item := range items {
				fitsKind(t, at, object, field, of, item)
			}
			return
		}
		inner, ok := v.(map[string]any)
		require.True(t, ok, "%s: %v is no object", at, v)
		fits(t, at, kind, inner)
	}
}
