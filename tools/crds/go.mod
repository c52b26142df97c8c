module oversight/tools/crds

go 1.26.8

require (
	github.com/cert-manager/cert-manager v1.21.2
	github.com/cilium/cilium v1.18.6
	sigs.k8s.io/gateway-api v1.5.0
)
