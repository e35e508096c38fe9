#!/usr/bin/env bash
# Packs the library and the tool, installs the tool from that folder alone, and runs it outside of the repository: one
# file from send to serve, with proof. Needs nothing but the SDK; leaves nothing behind.
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT

dotnet pack "$repository/src/ActorSockets" -c Release -o "$work/packages" --nologo -v quiet
dotnet pack "$repository/src/ActorSockets.Host" -c Release -o "$work/packages" --nologo -v quiet
for part in README.md lib/net10.0/ActorSockets.dll lib/net10.0/ActorSockets.xml; do
  grep -aq "$part" "$work"/packages/ActorSockets.[0-9]*.nupkg || { echo "the library package has no $part" >&2; exit 1; }
done
ls "$work"/packages/ActorSockets.[0-9]*.snupkg > /dev/null

cat > "$work/nuget.config" <<CONFIG
<configuration><packageSources><clear /><add key="here" value="$work/packages" /></packageSources></configuration>
CONFIG
export NUGET_PACKAGES=$work/cache DOTNET_CLI_HOME=$work/home
dotnet tool install ActorSockets.Tool --tool-path "$work/tools" --configfile "$work/nuget.config" > /dev/null

cd "$work"
mkdir inbox
head -c 3000001 /dev/urandom > payload
tools/actorsockets serve :0 --sink inbox --receipt --json > events &
server=$!
until port=$(grep -o '"bound".*' events | grep -o ':[0-9]*"' | tr -dc '0-9') && [ -n "$port" ]; do sleep 0.1; done
tools/actorsockets send payload --to ":$port" --confirm receipt --quiet
cmp payload inbox/*
kill -TERM "$server"
wait "$server"
server=
echo "installed from a folder, $(tools/actorsockets --version): 3000001 B from send to serve, with receipt"
