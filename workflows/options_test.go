package workflows_test

import "go.temporal.io/sdk/client"

func clientOptions() client.StartWorkflowOptions {
	return client.StartWorkflowOptions{ID: requestID}
}
