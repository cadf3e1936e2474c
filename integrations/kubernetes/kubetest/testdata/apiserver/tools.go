//go:build tools

// Package kubeapiserver pins the real Kubernetes API server and kubectl that
// Ramp's tests start.
package kubeapiserver

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver"
	_ "k8s.io/kubernetes/cmd/kubectl"
)
