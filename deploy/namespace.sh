#!/bin/sh
# Makes Ramp's namespace and the search attributes by which operators find
# requests. It can be run again. TEMPORAL_ADDRESS says where Temporal is.
set -eu
namespace=${NAMESPACE:-default}
until temporal operator cluster health >/dev/null 2>&1; do
  echo "waiting for Temporal at ${TEMPORAL_ADDRESS:-localhost:7233}"
  sleep 2
done
temporal operator namespace describe -n "$namespace" >/dev/null 2>&1 ||
  temporal operator namespace create -n "$namespace" --retention 30d
known=$(temporal operator search-attribute list -n "$namespace")
attribute() {
  echo "$known" | grep -qw "$1" || temporal operator search-attribute create -n "$namespace" --name "$1" --type "$2"
}
attribute RampState Keyword
attribute RampRequester Keyword
attribute RampContract Keyword
attribute RampTarget KeywordList
attribute RampExpiresAt Datetime
