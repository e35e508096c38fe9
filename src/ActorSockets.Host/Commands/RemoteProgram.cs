using System.CommandLine;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using ActorSockets.Configuration;
using ActorSockets.Events;
using ActorSockets.Events.Overview;

namespace ActorSockets.Host.Commands;

/// <summary>The web server of a program that runs elsewhere. Its texts are made printable: it may be anybody's.</summary>
internal sealed class RemoteProgram : IDisposable
{
    private const string DefaultUrl = "http://127.0.0.1:9464/";

    private const int LongestAnswer = 64 * 1024 * 1024;

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private static readonly JsonSerializerOptions Options =
        new(JsonLines.Options) { RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly HttpClient _client;

    /// <exception cref="IOException">The file cannot be read.</exception>
    public RemoteProgram(Uri page, string? tokenFile)
    {
        // A proxy of the environment is for other machines, and a redirect would take the token elsewhere.
        _client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.GZip })
        {
            BaseAddress = page,
            Timeout = AnswerTimeout,
            MaxResponseContentBufferSize = LongestAnswer,
        };
        if (tokenFile is not null)
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ReadToken(tokenFile));
    }

    public static Argument<string?> CreateUrl()
    {
        var url = new Argument<string?>("URL")
        {
            HelpName = "URL",
            Arity = ArgumentArity.ZeroOrOne,
            Description = $"Its web server, such as {DefaultUrl}, which is the default; HOST:PORT is short for it.",
        };
        url.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(t => Address(t.Value) is null))
                result.AddError(token.Value.StartsWith('-') ? $"unknown option {token.Value}" : $"{token.Value}: needs http://HOST:PORT/, https://HOST/ or HOST:PORT");
        });
        return url;
    }

    public static Option<string?> CreateTokenFile() => new("--token-file") { HelpName = "FILE", Description = "A file whose first line is the token of web.token-file." };

    /// <summary>Null: it is no address.</summary>
    public static Uri? Address(string? text)
    {
        if (text is null)
            return new Uri(DefaultUrl);
        if (text.Contains("://", StringComparison.Ordinal))
            return Uri.TryCreate(text.EndsWith('/') ? text : text + "/", UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;
        return CommonOptions.Endpoint(text) is ({ } host, var port and > 0) ? new Uri($"http://{Endpoints.Format(host, port)}/") : null;
    }

    /// <exception cref="IOException">There is no answer, or not such a one.</exception>
    public async Task<Snapshot> OverviewAsync(CancellationToken cancellation = default)
    {
        try
        {
            var overview = JsonSerializer.Deserialize<Snapshot>(await AskAsync("api/overview", cancellation), Options) ?? throw new JsonException();
            return overview with
            {
                Targets = Each(overview.Targets, t => t with { Name = Printable.Of(t.Name), Endpoint = Printable.Of(t.Endpoint), Reason = Printable.Of(t.Reason) }),
                Servers = Each(overview.Servers, s => s with { Name = Printable.Of(s.Name), Endpoint = Printable.Of(s.Endpoint), Reason = Printable.Of(s.Reason) }),
                Cluster = overview.Cluster is { } cluster ? new(Each(cluster.Nodes, n => n with { Name = Printable.Of(n.Name), Roles = Each(n.Roles, Printable.Of) })) : null,
            };
        }
        catch (JsonException e)
        {
            throw new IOException("its answer is not the overview of an actorsockets of this version", e);
        }
    }

    /// <exception cref="IOException">It is not ready, or there is no answer.</exception>
    public async Task<string> ReadyAsync() => Printable.Of((await AskAsync("health/ready", CancellationToken.None)).Trim());

    public void Dispose() => _client.Dispose();

    /// <summary>The serializer lets nulls into lists.</summary>
    private static T[] Each<T>(IReadOnlyList<T> items, Func<T, T> printable) => [.. items.Select(item => item is null ? throw new JsonException() : printable(item))];

    private async Task<string> AskAsync(string path, CancellationToken cancellation)
    {
        try
        {
            using var answer = await _client.GetAsync(new Uri(path, UriKind.Relative), cancellation);
            var text = await answer.Content.ReadAsStringAsync(cancellation);
            return answer.IsSuccessStatusCode ? text : throw new IOException(answer.StatusCode switch
            {
                HttpStatusCode.Unauthorized => "needs its token: --token-file FILE",
                HttpStatusCode.ServiceUnavailable => text.Trim().Replace("\n", "; ", StringComparison.Ordinal),
                var status => $"answered with {(int)status} {status}",
            });
        }
        catch (HttpRequestException e)
        {
            throw new IOException($"{e.Message}; does the program run there, with web.enabled = on?", e);
        }
        catch (TaskCanceledException e) when (!cancellation.IsCancellationRequested)
        {
            throw new IOException($"did not answer within {Durations.Format(AnswerTimeout)}", e);
        }
    }

    private static string ReadToken(string file)
    {
        try
        {
            var token = File.ReadLines(file).FirstOrDefault("").Trim();
            return token.Length > 0 && token.All(c => c is > ' ' and <= '~') ? token : throw new IOException($"the first line of {file} is no token");
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException(e.Message, e);
        }
    }
}
