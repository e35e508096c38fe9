using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ActorSockets.Web.Tests.Support;

/// <summary>A real Chromium without a window, driven over its DevTools protocol.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _waiting = new();
    private readonly ConcurrentQueue<JsonNode> _events = new();
    private readonly SemaphoreSlim _writing = new(1);
    private int _number;

    private Browser(Process process, string profile)
    {
        _process = process;
        _profile = profile;
    }

    /// <summary>Where Chromium is, or null.</summary>
    public static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .SelectMany(folder => new[] { "chromium", "chromium-browser", "google-chrome" }.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>What the pages of a tab have logged as errors: exceptions, and what their security policy forbids.</summary>
    public IEnumerable<string> Complaints(string session) => _events.Where(e => (string?)e["sessionId"] == session).Select(e => e["params"]!.ToJsonString());

    public static async Task<Browser> StartAsync()
    {
        var profile = Directory.CreateTempSubdirectory("browser-specs-").FullName;
        var process = Process.Start(new ProcessStartInfo(Program!,
        [
            "--headless=new", "--remote-debugging-port=0", $"--user-data-dir={profile}", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
            "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars", "about:blank",
        ])
        { RedirectStandardError = true, RedirectStandardOutput = true })!;
        var browser = new Browser(process, profile);
        await browser._socket.ConnectAsync(await AddressAsync(process), CancellationToken.None).WaitAsync(Patience);
        _ = browser.ListenAsync();
        return browser;
    }

    public async Task<Tab> OpenAsync(Uri page, int width = 1280, int height = 900, bool phone = false, string scheme = "light")
    {
        var target = (string)(await AskAsync("Target.createTarget", new JsonObject { ["url"] = "about:blank" }))["targetId"]!;
        var tab = new Tab(this, target, (string)(await AskAsync("Target.attachToTarget", new JsonObject { ["targetId"] = target, ["flatten"] = true }))["sessionId"]!);
        await tab.AskAsync("Runtime.enable");
        await tab.AskAsync("Log.enable");
        await tab.AskAsync("Emulation.setFocusEmulationEnabled", new JsonObject { ["enabled"] = true });
        await tab.AskAsync("Emulation.setDeviceMetricsOverride", new JsonObject { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = phone ? 2 : 1, ["mobile"] = phone });
        await tab.AskAsync("Emulation.setEmulatedMedia", new JsonObject { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }) });
        await tab.AskAsync("Page.navigate", new JsonObject { ["url"] = page.ToString() });
        await tab.UntilAsync("location.protocol === 'http:' && document.readyState === 'complete'");
        return tab;
    }

    public async ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _writing.Dispose();
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            // A process of the browser still wrote to it; it is a temporary folder.
        }
    }

    private static async Task<Uri> AddressAsync(Process process)
    {
        var said = new StringBuilder();
        while (await process.StandardError.ReadLineAsync().WaitAsync(Patience) is { } line)
        {
            if (Regex.Match(line, @"^DevTools listening on (ws://\S+)") is { Success: true } match)
            {
                // Nobody waits for the rest; but a full pipe would stop the browser.
                _ = process.StandardError.ReadToEndAsync();
                _ = process.StandardOutput.ReadToEndAsync();
                return new Uri(match.Groups[1].Value);
            }

            said.AppendLine(line);
        }

        throw new InvalidOperationException($"Chromium did not start:\n{said}");
    }

    public async Task<JsonNode> AskAsync(string method, JsonObject? parameters = null, string? session = null)
    {
        var number = Interlocked.Increment(ref _number);
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting[number] = answer;
        var request = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = parameters ?? [] };
        if (session is not null)
            request["sessionId"] = session;
        await _writing.WaitAsync();
        try
        {
            await _socket.SendAsync(Encoding.UTF8.GetBytes(request.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
        finally
        {
            _writing.Release();
        }

        return await answer.Task.WaitAsync(Patience);
    }

    private async Task ListenAsync()
    {
        var (buffer, message) = (new byte[64 * 1024], new MemoryStream());
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(buffer, CancellationToken.None);
                message.Write(buffer, 0, received.Count);
                if (!received.EndOfMessage)
                    continue;
                Hear(JsonNode.Parse(message.ToArray())!);
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException)
        {
            foreach (var waiting in _waiting.Values)
                waiting.TrySetException(new InvalidOperationException("the browser has ended", e));
        }
    }

    private void Hear(JsonNode message)
    {
        if (message["id"] is { } id && _waiting.TryRemove((int)id, out var waiting))
        {
            if (message["error"] is { } error)
                waiting.TrySetException(new InvalidOperationException(error.ToJsonString()));
            else
                waiting.TrySetResult(message["result"]!);
        }
        else if ((string?)message["method"] == "Runtime.exceptionThrown" || (string?)message["method"] == "Log.entryAdded" && (string?)message["params"]!["entry"]!["level"] == "error")
        {
            _events.Enqueue(message);
        }
    }
}
