using System.IO.Compression;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ActorSockets.Events;
using ActorSockets.Events.Overview;
using ActorSockets.Web.Http;
using Akka.Actor;

namespace ActorSockets.Web;

/// <summary>What is at each path.</summary>
internal sealed class WebApi : IDisposable
{
    private const string Json = "application/json";

    // Smaller answers fit into a few packets as they are.
    private const int WorthCompressing = 4 * 1024;

    private static readonly TimeSpan EventInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan SilenceInterval = TimeSpan.FromSeconds(15);

    // Peers' texts in it are harmless in HTML and scripts too.
    private static readonly JsonSerializerOptions Options = new(JsonLines.Options) { Encoder = JavaScriptEncoder.Default };

    private readonly ActorSystem _system;
    private readonly ActorSocketsExtension _sockets;
    private readonly WebSettings _settings;
    private readonly Access _access;
    private readonly PrometheusExporter _metrics;
    private int _streams;

    public WebApi(ActorSystem system, ActorSocketsExtension sockets)
    {
        _system = system;
        _sockets = sockets;
        _settings = sockets.Settings.Web;
        _access = new Access(_settings);
        _metrics = new PrometheusExporter(system);
    }

    public async Task<HttpResponse> AnswerAsync(HttpRequest request)
    {
        var file = request.Method == "POST" ? null : PageFiles.Find(request.Path);
        var isHealth = request.Path is "/health/live" or "/health/ready";
        if (_access.Refuse(request, isOpen: isHealth || file is not null) is { } refusal)
            return refusal;
        try
        {
            return (request.Method, request.Path) switch
            {
                ("POST", "/api/cancel") => await CancelAsync(request),
                ("POST", "/api/retry") => await RetryAsync(request),
                ("POST", _) => HttpResponse.Text(404, "not found"),
                (_, "/metrics") => Compressed(request, new HttpResponse(200, PrometheusExporter.ContentType, await MetricsAsync())),
                (_, "/health/live") => await LiveAsync(),
                (_, "/health/ready") => await ReadyAsync(),
                (_, "/api/overview") => Compressed(request, new HttpResponse(200, Json, await OverviewAsync())),
                (_, "/api/events") => Events(request),
                _ => file ?? HttpResponse.Text(404, "not found: there are /, /metrics, /health/live, /health/ready, /api/overview and /api/events"),
            };
        }
        catch (AskTimeoutException)
        {
            return HttpResponse.Text(503, "the actors did not answer in time");
        }
    }

    public void Dispose() => _metrics.Dispose();

    private Task<Snapshot> SnapshotAsync() => _sockets.Ref.Ask<Snapshot>(new OverviewActor.Get(), _settings.RequestTimeout);

    private async Task<byte[]> MetricsAsync()
    {
        // Its answer says that the instruments have it too.
        await SnapshotAsync();
        return _metrics.Write();
    }

    private async Task<HttpResponse> LiveAsync()
    {
        await SnapshotAsync();
        return HttpResponse.Text(200, "live");
    }

    /// <summary>About this program alone: a target that is down must not get the one program restarted that delivers to it later.</summary>
    private async Task<HttpResponse> ReadyAsync()
    {
        var snapshot = await SnapshotAsync();
        string[] reasons =
        [
            .. _sockets.IsDraining ? ["draining"] : Array.Empty<string>(),
            .. IsOutside(snapshot) ? ["this node is in no cluster yet"] : Array.Empty<string>(),
            .. snapshot.Servers.Where(s => s.Phase != ServerPhase.Listening).Select(s => $"server {s.Name} does not listen on {s.Endpoint}{(s.Reason.Length > 0 ? $": {s.Reason}" : "")}"),
        ];
        return reasons.Length == 0 ? HttpResponse.Text(200, "ready") : HttpResponse.Text(503, string.Join('\n', reasons));
    }

    private bool IsOutside(Snapshot snapshot) => _sockets.Settings.Cluster.Enabled
        && snapshot.Cluster?.Nodes.Any(node => node is { IsSelf: true, State: ClusterEvents.NodeState.Up or ClusterEvents.NodeState.WeaklyUp }) is not true;

    private async Task<byte[]> OverviewAsync()
    {
        var snapshot = await SnapshotAsync();
        return JsonSerializer.SerializeToUtf8Bytes(
            new { Time = DateTime.UtcNow, Uptime = _system.Uptime, Draining = _sockets.IsDraining, _settings.AllowChanges, snapshot.Targets, snapshot.Servers, snapshot.Ticker, snapshot.Cluster },
            Options);
    }

    private async Task<HttpResponse> CancelAsync(HttpRequest request)
    {
        if (Asked(request) is not { Target: { } target, Id: { } id })
            return HttpResponse.Text(400, """the body must be {"target":"NAME","id":"DELIVERY"}""");
        return await _sockets.Ref.Ask<object>(new Deliveries.Cancel(id, target), _settings.RequestTimeout) is Deliveries.Cancelled
            ? new HttpResponse(200, Json, """{"cancelled":true}"""u8.ToArray())
            : HttpResponse.Text(404, "the target has no unfinished delivery with that id");
    }

    private async Task<HttpResponse> RetryAsync(HttpRequest request)
    {
        if (Asked(request) is not { Target: { } target })
            return HttpResponse.Text(400, """the body must be {"target":"NAME"}""");
        return await _sockets.Ref.Ask<object>(new Deliveries.Retry(target), _settings.RequestTimeout) is Deliveries.Retrying
            ? new HttpResponse(200, Json, """{"retrying":true}"""u8.ToArray())
            : HttpResponse.Text(404, "the target does not back off");
    }

    private static Change? Asked(HttpRequest request)
    {
        try
        {
            return JsonSerializer.Deserialize<Change>(request.Body, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Server-sent events: an id, the JSON of <c>--json</c>. A client that was away says which id it saw last.</summary>
    private HttpResponse Events(HttpRequest request)
    {
        if (request.Method == "HEAD")
            return new HttpResponse(200, "text/event-stream", default);
        if (Volatile.Read(ref _streams) >= _settings.MaxStreams)
            return HttpResponse.Text(503, "web.max-streams connections read events already");
        return new HttpResponse(200, "text/event-stream", default, left => EventsAsync(long.TryParse(request["Last-Event-ID"], out var last) ? last : 0, left));
    }

    private async IAsyncEnumerable<ReadOnlyMemory<byte>> EventsAsync(long last, [EnumeratorCancellation] CancellationToken left)
    {
        try
        {
            // Another one may have come since Events looked.
            if (Interlocked.Increment(ref _streams) > _settings.MaxStreams)
                yield break;
            for (var silent = SilenceInterval; !left.IsCancellationRequested; silent += EventInterval)
            {
                var happened = await _sockets.Ref.Ask<OverviewActor.RecentlyHappened>(new OverviewActor.GetEvents(last), _settings.RequestTimeout, left);
                if (happened.Events is [.., var newest])
                {
                    (last, silent) = (newest.Number, TimeSpan.Zero);
                    yield return Encoding.UTF8.GetBytes(string.Concat(happened.Events.Select(e => $"id: {e.Number}\ndata: {JsonLines.For(e.Happened, e.Time, Options)}\n\n")));
                }
                else if (silent >= SilenceInterval)
                {
                    // Proxies and browsers see that the connection lives.
                    silent = TimeSpan.Zero;
                    yield return ":\n\n"u8.ToArray();
                }

                await Task.Delay(EventInterval, left);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _streams);
        }
    }

    private static HttpResponse Compressed(HttpRequest request, HttpResponse response)
    {
        if (response.Body.Length < WorthCompressing || !request["Accept-Encoding"].Split(',').Any(e => e.Trim() == "gzip"))
            return response;
        var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(response.Body.Span);
        return response with { Body = compressed.ToArray(), Headers = [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")] };
    }

    private sealed record Change(string? Target, string? Id);
}
