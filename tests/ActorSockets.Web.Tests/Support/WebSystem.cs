using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using ActorSockets.Configuration;
using Akka.Actor;

namespace ActorSockets.Web.Tests.Support;

/// <summary>An actor system with its web server on a free port, and a client of it.</summary>
internal sealed class WebSystem : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ActorSystem _system;
    private readonly HttpClient _client = new() { Timeout = Patience };

    private WebSystem(ActorSystem system, ActorSocketsExtension sockets, IPEndPoint endpoint)
    {
        _system = system;
        Sockets = sockets;
        Endpoint = endpoint;
        _client.BaseAddress = new Uri($"http://{endpoint}/");
    }

    public ActorSocketsExtension Sockets { get; }

    public IPEndPoint Endpoint { get; }

    public Uri Page => _client.BaseAddress!;

    public static async Task<WebSystem> StartAsync(string hocon, string web = "")
    {
        var system = ActorSystem.Create("web", HoconText.Parse(
            $"akka {{ loglevel = WARNING, stdout-loglevel = OFF, loggers = [] }}\nactor-sockets {{ {hocon}\nweb {{ enabled = on, port = 0\n{web} }} }}", "test"));
        var sockets = ActorSocketsExtension.For(system, new ActorSocketsOptions { Print = _ => ValueTask.CompletedTask });
        return new WebSystem(system, sockets, await WebServer.StartAsync(system));
    }

    /// <summary>As if this had happened.</summary>
    public void Publish(params object[] events)
    {
        foreach (var happened in events)
            _system.EventStream.Publish(happened);
    }

    public async Task<int> PortAsync(string server) => (await Sockets.WhenBoundAsync()).Bound.Single(b => b.Server == server).Endpoint.Port;

    public async Task<(int Status, string Text)> GetAsync(string path)
    {
        using var response = await _client.GetAsync(new Uri(path, UriKind.Relative));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonNode> OverviewAsync() => JsonNode.Parse((await GetAsync("/api/overview")).Text)!;

    /// <summary>Asks until the overview is as expected: events take their time.</summary>
    public async Task<JsonNode> OverviewAsync(Func<JsonNode, bool> expected)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            var overview = await OverviewAsync();
            if (expected(overview))
                return overview;
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    public async Task<(int Status, string Text)> PostAsync(string path, string body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(path, UriKind.Relative)) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
            request.Headers.Add(name, value);
        using var response = await _client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Endpoint);
        return socket;
    }

    /// <summary>Writes this and reads to the end.</summary>
    public async Task<string> ExchangeAsync(string request)
    {
        using var socket = await ConnectAsync();
        await socket.SendAsync(Encoding.Latin1.GetBytes(request));
        return await ReadToEndAsync(socket);
    }

    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var patience = new CancellationTokenSource(Patience);
        var (text, buffer) = (new StringBuilder(), new byte[16 * 1024]);
        for (int count; (count = await socket.ReceiveAsync(buffer, patience.Token)) > 0;)
            text.Append(Encoding.UTF8.GetString(buffer, 0, count));
        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _system.Terminate();
        _system.Dispose();
    }

    public static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
