#!/usr/bin/env bash
# Builds the program as one file that needs no .NET: artifacts/linux-x64/actorsockets, or for the runtime that is the argument (linux-arm64).
set -euo pipefail
cd "$(dirname "$0")/.."
runtime=${1:-linux-x64}
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
# Not in the projects' own obj: they stay as they are.
dotnet publish src/ActorSockets.Host -c Release -r "$runtime" --self-contained --artifacts-path "artifacts/build-$runtime" -o "artifacts/$runtime" -v quiet \
  -p:PublishSingleFile=true -p:PublishReadyToRun=true -p:IncludeNativeLibrariesForSelfExtract=true -p:DebugType=none
mv "artifacts/$runtime/ActorSockets.Host" "artifacts/$runtime/actorsockets"
ls -l "artifacts/$runtime/actorsockets"
