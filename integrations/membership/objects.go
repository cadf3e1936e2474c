package membership

import (
	"context"

	"ramp.dev/ramp/access"
	"ramp.dev/ramp/integrations/counted"
)

// objects is what is counted of a service's memberships. A role is counted with its
// membership, and is no object of its own on the service.
type objects struct{ service Service }

var _ interface {
	counted.Objects
	counted.Places
} = objects{}

// Shows implements counted.Objects.
func (o objects) Shows(ctx context.Context, object string) (string, error) {
	m, role, err := parse(object)
	if err != nil || role != "" {
		return "", err
	}
	switch state, err := o.service.State(ctx, m); {
	case err != nil || !state.IsThere():
		return "", err
	case state.Pending:
		return "an invitation", nil
	default:
		return "a membership (" + access.Clip(state.Role, 40) + ")", nil
	}
}

// Remove implements counted.Objects.
func (o objects) Remove(ctx context.Context, object, _ string) error {
	m, role, err := parse(object)
	if err != nil || role != "" {
		return err
	}
	if err := o.service.Remove(ctx, m); err != nil {
		return err
	}
	state, err := o.service.State(ctx, m)
	if err == nil && state.IsThere() {
		err = access.Errorf(access.CodeUnavailable, "the service says that it removed the membership, and still shows it: it is not gone yet, or comes from elsewhere too")
	}
	return err
}

// Place implements counted.Places.
func (o objects) Place(object string) (string, error) {
	m, _, err := parse(object)
	return m.Place, err
}

// In implements counted.Places: one call for each place, and not for each person.
func (o objects) In(ctx context.Context, place string) (func(object string) bool, error) {
	people, err := o.service.People(ctx, place)
	return func(object string) bool {
		m, _, err := parse(object)
		return err == nil && people[m.Person]
	}, err
}
