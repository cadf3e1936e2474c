// Package client stands where Temporal's server asks for workers that it starts
// by itself: there are none, and none can be made.
package client

import (
	"context"

	deploymentpb "go.temporal.io/api/deployment/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/server/common/namespace"
	"go.uber.org/fx"

	"go.temporal.io/auto-scaled-workers/wci/workflow/iface"
)

// Client is what the server calls.
type Client interface {
	DescribeWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion) (*iface.Described, []byte, error)
	UpdateWorkerControllerInstance(ctx context.Context, ns *namespace.Namespace, v *deploymentpb.WorkerDeploymentVersion, conflictToken []byte, identity string,
		upsert map[string]iface.ScalingGroupSpecUpdate, remove []string) (*iface.Described, error)
	ValidateWorkerControllerInstanceSpec(ctx context.Context, ns *namespace.Namespace, v *deploymentpb.WorkerDeploymentVersion, identity string,
		upsert map[string]iface.ScalingGroupSpecUpdate, remove []string) error
	DeleteWorkerControllerInstance(ctx context.Context, ns *namespace.Namespace, v *deploymentpb.WorkerDeploymentVersion, identity string) error
}

// Module gives the server its client.
var Module = fx.Provide(func() Client { return none{} })

type none struct{}

const left = "the Temporal inside `ramp dev` starts no workers by itself"

func (none) DescribeWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion) (*iface.Described, []byte, error) {
	return nil, nil, serviceerror.NewNotFound(left)
}

func (none) UpdateWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion, []byte, string,
	map[string]iface.ScalingGroupSpecUpdate, []string) (*iface.Described, error) {
	return nil, serviceerror.NewInvalidArgument(left)
}

func (none) ValidateWorkerControllerInstanceSpec(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion, string,
	map[string]iface.ScalingGroupSpecUpdate, []string) error {
	return serviceerror.NewInvalidArgument(left)
}

// DeleteWorkerControllerInstance returns nil: what is not there is gone.
func (none) DeleteWorkerControllerInstance(context.Context, *namespace.Namespace, *deploymentpb.WorkerDeploymentVersion, string) error {
	return nil
}
