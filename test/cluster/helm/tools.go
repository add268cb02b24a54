//go:build tools

// Package helm only pins the main package that build.sh compiles.
package helm

import _ "helm.sh/helm/v3/cmd/helm"
