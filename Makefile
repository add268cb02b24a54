# What a person types. Everything below is quick when there is nothing to do.
.DEFAULT_GOAL := help
.PHONY: help setup system browser node build demo image test docs apiserver cluster cluster-down cluster-test conformance with-cluster bench clean
MAKEFLAGS += --no-print-directory
# nft, ip and conntrack stand in sbin, which a plain user's PATH leaves out.
export PATH := $(PATH):/usr/sbin:/sbin

packages := node_modules/.package-lock.json
bun := toolchain/bun/node_modules/.package-lock.json
knip := toolchain/knip/node_modules/.package-lock.json
typedoc := toolchain/docs/node_modules/.package-lock.json
with-node := toolchain/with-node

help: ## this list
	@echo 'Sallyport: Kubernetes network policy, enforced and explained.'
	@sed -n 's/^\([a-z-]*\):.*## /  make \1	/p' Makefile | expand -t 20

setup: $(packages) $(bun) ## install what is missing: system packages (as root), Node, npm packages, Bun

build: $(packages) $(bun) ## build/sallyport, one file that needs nothing else, and build/sallyport.js for Node
	@$(with-node) node scripts/build.ts

demo: build ## the production example on real packets, each pattern by itself and all together
	@$(with-node) node scripts/demo.ts

test: browser build $(knip) $(typedoc) ## types, lint, unused code, and every fast test
	@$(with-node) node scripts/test.ts

image: $(packages) ## the container image with its bill of materials, in build/image; IMAGE=registry.example/sallyport for another name
	@$(with-node) node scripts/image/main.ts

docs: $(packages) $(typedoc) ## docs/reference, from what the code says of the library
	@$(with-node) node scripts/reference.ts

apiserver: ## a real etcd, kube-apiserver and kubectl for the tests that need them; with Go, ten minutes the first time
	@test/cluster/build.sh

cluster: with-cluster ## a real Kubernetes of two nodes in network namespaces, with our agent, as root; PROXY=nftables|iptables, CNI=ptp|bridge
	@$(with-node) node test/cluster/main.ts up

cluster-down: $(packages) ## takes it away, and all that it made
	@$(with-node) node test/cluster/main.ts down

conformance: cluster ## the upstream NetworkPolicy suite on it, twenty minutes; FOCUS=expression for some of it
	@$(with-node) node test/cluster/main.ts conformance

cluster-test: cluster ## our own tests on it: what happens when things fail
	@$(with-node) npx vitest run --project cluster

bench: build ## the benchmarks, as ratios; make bench ONLY=core for one section
	@$(with-node) node bench/run.ts $(ONLY)

clean: ## remove what was built; what was installed stays
	rm -rf build

system:
	@scripts/setup-system.sh

with-cluster: build
	@scripts/setup-system.sh cluster
	@test/cluster/build.sh all

browser: system
	@scripts/setup-system.sh browser

node: system
	@$(with-node) true 2>/dev/null || toolchain/npm-ci toolchain
	@$(with-node) true

$(packages): package-lock.json | node
	@toolchain/npm-ci .

# Where Bun can't be, there is no executable, and everything is done by Node.
$(bun): %/node_modules/.package-lock.json: %/package-lock.json | node
	@toolchain/npm-ci $* || echo 'setup: without Bun there is no executable; bin/sallyport runs with Node'

$(knip) $(typedoc): %/node_modules/.package-lock.json: %/package-lock.json | node
	@toolchain/npm-ci $*
