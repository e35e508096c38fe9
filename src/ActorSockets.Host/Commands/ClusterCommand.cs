using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Text.Json;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Host.Configuration;

namespace ActorSockets.Host.Commands;

/// <summary><c>actorsockets cluster [CONF|URL]</c>: the nodes of a cluster, as one of them sees them.</summary>
internal static class ClusterCommand
{
    private static readonly Option<bool> Json = new("--json") { Description = "Writes one JSON object for each node, a line each." };

    public static Command Create()
    {
        var (where, tokenFile) = (CreateWhere(), RemoteProgram.CreateTokenFile());
        var cluster = new Command("cluster", "Asks a node that runs with web.enabled = on for all nodes: their state, and how many targets each runs.") { where, tokenFile, Json };
        cluster.SetAction((parsed, _) => PageOf(parsed.GetValue(where)) is { } page
            ? AskAsync(parsed, page, parsed.GetValue(tokenFile))
            : CommonOptions.TellErrorsAsync(parsed, () => Task.FromResult(new Layers(ConfigurationFile.Load(parsed.GetValue(where)), [], [])), layers =>
            {
                var web = ProgramSettings.From(layers.Effective).Library.Web;
                return AskAsync(parsed, PageOf(web), parsed.GetValue(tokenFile) ?? (web.TokenFile.Length > 0 ? web.TokenFile : null));
            }));
        return cluster;
    }

    /// <summary>The nodes for people.</summary>
    public static IEnumerable<string> Table(IReadOnlyList<ClusterEvents.Node> nodes) =>
        TextTable.Of(["node", "state", "targets", "roles"], nodes.Select(node => new[]
        {
            $"{node.Name}{(node.IsSelf ? " (asked)" : "")}",
            JsonNamingPolicy.KebabCaseLower.ConvertName(node.State.ToString()),
            node.Targets?.ToString(CultureInfo.InvariantCulture) ?? "unknown",
            node.Roles.Count == 0 ? "none" : string.Join(", ", node.Roles),
        }));

    /// <summary>The nodes for programs.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<ClusterEvents.Node> nodes) => nodes.Select(node => JsonSerializer.Serialize(node, JsonLines.Options));

    private static Argument<string?> CreateWhere()
    {
        var where = RunCommand.File($"A node's configuration, whose web server is asked, or the web server's URL. Default: {RemoteProgram.Address(null)}", "CONF|URL");
        where.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => t.Value.Contains(':', StringComparison.Ordinal) && !File.Exists(t.Value) && RemoteProgram.Address(t.Value) is null))
                result.AddError($"{token.Value}: needs a file, http://HOST:PORT/, https://HOST/ or HOST:PORT");
        });
        return where;
    }

    /// <summary>Null: it is a file.</summary>
    private static Uri? PageOf(string? where) => File.Exists(where) ? null : RemoteProgram.Address(where);

    private static Uri PageOf(WebSettings web)
    {
        if (!web.Enabled)
            throw new SettingsException($"{ActorSocketsSettings.Root}.web.enabled", "is off: only a program with a web server can be asked");
        if (web.Port == 0)
            throw new SettingsException($"{ActorSocketsSettings.Root}.web.port", "is 0, any free port: name the URL that the program has reported");
        // What listens on all interfaces does so on loopback.
        var host = web.Host == IPAddress.Any.ToString() ? IPAddress.Loopback.ToString() : web.Host == IPAddress.IPv6Any.ToString() ? IPAddress.IPv6Loopback.ToString() : web.Host;
        return new Uri($"http://{Endpoints.Format(host, web.Port)}/");
    }

    private static async Task<int> AskAsync(ParseResult parsed, Uri page, string? tokenFile)
    {
        var asJson = parsed.GetValue(Json);
        try
        {
            using var program = new RemoteProgram(page, tokenFile);
            if ((await program.OverviewAsync()).Cluster is not { Nodes: var nodes })
                throw new IOException("is no node of a cluster: it runs with cluster.enabled = off");
            if (nodes.Count == 0)
                throw new IOException("is in no cluster yet: no other node has let it in");
            foreach (var line in asJson ? Lines(nodes) : Table(nodes))
                await Console.Out.WriteLineAsync(line);
            return ExitCodes.Success;
        }
        catch (IOException e)
        {
            return await UserErrors.TellAsync([new SettingError(page.ToString(), e.Message)], ExitCodes.Failure, asJson);
        }
    }
}
