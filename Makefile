# SPDX-License-Identifier: Apache-2.0
#
# The one door: everything that is done to this repository is a target here, and CI calls the same ones.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
SECONDS_EACH := $(or $(SECONDS),60)
SCRIPTS := Integration/scripts
# Tests on real servers are of the program as it is shipped, unless KEDGE_BIN names another.
SHIPPED = KEDGE_BIN="$${KEDGE_BIN:-$$($(SWIFT) build -c release --show-bin-path)/kedge}"
.PHONY: help deps build release lint unit house integration test demo fuzz golden bench bench-redis instructions docs man completions clean

help: ## Say what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

deps: ## Install what is missing (Debian: apt)
	@$(SCRIPTS)/deps.sh

build: ## Build for debugging, tests included
	$(SWIFT) build --build-tests

release: ## Build the program as it is shipped
	$(SWIFT) build -c release --product kedge

lint: ## Check the format, strictly
	$(SWIFT) format lint --strict -r Sources Tests Integration Package.swift

unit: ## Run the unit tests
	$(SWIFT) test --skip '^(HouseTests|IntegrationTests)\.'

house: ## Check the rules of the house
	$(SWIFT) test --filter '^HouseTests\.'

integration: build release ## Run the tests on real servers, and those on clusters of Redis with nothing beside them
	$(SHIPPED) $(SWIFT) test --skip-build --filter '^IntegrationTests\.' --skip '^IntegrationTests\.ClusterSuites'
	$(SHIPPED) $(SWIFT) test --skip-build --filter '^IntegrationTests\.ClusterSuites'

test: ## Everything: deps, lint, unit, house and integration tests, with times
	@$(SCRIPTS)/test.sh

demo: deps release ## Watch a database become an export, be killed, go on, and be compared
	@KEDGE_BIN="$$($(SWIFT) build -c release --show-bin-path)/kedge" $(SCRIPTS)/demo.sh

fuzz: ## Fuzz every decoder for SECONDS=60
	@Tests/Fuzz/run.sh $(SECONDS_EACH)

golden: ## Write the golden files anew; review the difference as a change of the format
	KEDGE_GOLDEN=rewrite $(SWIFT) test --filter '^(NDJSONFormatTests|RedisRDBTests)\.'
	git --no-pager diff --stat -- Tests

bench: deps release ## Measure against DuckDB, psql and pg_recvlogical in one run (BENCH_ROWS, BENCH_RUNS, …)
	@KEDGE_BIN="$$($(SWIFT) build -c release --show-bin-path)/kedge" Integration/Benchmarks/bench.sh

bench-redis: deps release ## Measure against redis-py, hiredis and redis-cli in one run (BENCH_KEYS, BENCH_RUNS, …)
	@KEDGE_BIN="$$($(SWIFT) build -c release --show-bin-path)/kedge" Integration/Benchmarks/redis.sh

instructions: deps release ## Count the instructions of the hot paths and hold them to their limits
	@KEDGE_BIN="$$($(SWIFT) build -c release --show-bin-path)/kedge" Integration/Benchmarks/instructions.sh

docs: man completions ## Man pages and shell completions, under .build/share

man: release
	$(SWIFT) package generate-manual --multi-page
	@mkdir -p .build/share/man/man1
	@find .build/plugins -name '*.1' -path '*anual*' -exec cp {} .build/share/man/man1/ \;
	@ls .build/share/man/man1

completions: release
	@mkdir -p .build/share/completions
	@bin="$$($(SWIFT) build -c release --show-bin-path)"; \
	for shell in bash zsh fish; do "$$bin/kedge" --generate-completion-script $$shell > .build/share/completions/kedge.$$shell; done

clean: ## Remove what was built
	$(SWIFT) package clean
	rm -rf .build/share .build/fuzz
