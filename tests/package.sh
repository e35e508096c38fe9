#!/usr/bin/env bash
# Packs the library and the tool, installs the tool from that folder alone, and runs it outside of the repository: one
# file from send to serve, with proof. Then builds the README's program on the library's package, lets it deliver to a server,
# and stops it while its target is not there. Needs nothing but the SDK; leaves nothing behind.
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

# The README's program, on the package. Its dependencies come from where the repository's come from.
mkdir "$work/hello"
awk '/^`..\/hello\/Program.cs`:/ { wanted = 1 } wanted && /^```$/ { exit } inside { print } wanted && /^```csharp$/ { inside = 1 }' \
  "$repository/README.md" > "$work/hello/Program.cs"
cat > "$work/hello/hello.csproj" <<PROJECT
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup>
    <OutputType>Exe</OutputType>
    <TargetFramework>net10.0</TargetFramework>
    <ImplicitUsings>enable</ImplicitUsings>
    <Nullable>enable</Nullable>
    <RestoreAdditionalProjectSources>$work/packages</RestoreAdditionalProjectSources>
  </PropertyGroup>
  <ItemGroup><PackageReference Include="ActorSockets" Version="*" /></ItemGroup>
</Project>
PROJECT
dotnet build "$work/hello" -c Release --nologo -v quiet -p:RestorePackagesPath="$work/hello-cache" \
  -p:RestoreFallbackFolders="${NUGET_PACKAGES:-$HOME/.nuget/packages}"

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
sed -i "s/port = 9000/port = $port/" hello/Program.cs
dotnet build hello -c Release --no-restore --nologo -v quiet
hello/bin/Release/net10.0/hello > said
grep -q '^stored after ' said || { cat said >&2; exit 1; }
kill -TERM "$server"
wait "$server"
# Nobody listens on its port any more: the program waits, and a signal ends it with an outcome.
hello/bin/Release/net10.0/hello > said 2>&1 &
server=$!
sleep 2
kill -TERM "$server"
timeout 30 tail --pid="$server" -f /dev/null || { echo "the README's program does not end after SIGTERM" >&2; exit 1; }
server=
echo "installed from a folder, $(tools/actorsockets --version): 3000001 B from send to serve, with receipt; the README's program delivers, and ends when it is told to"
