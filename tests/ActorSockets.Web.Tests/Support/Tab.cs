using System.Text.Json.Nodes;

namespace ActorSockets.Web.Tests.Support;

/// <summary>A tab of a <see cref="Browser"/>.</summary>
internal sealed class Tab(Browser browser, string target, string session) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public IEnumerable<string> Complaints => browser.Complaints(session);

    public Task<JsonNode> AskAsync(string method, JsonObject? parameters = null) => browser.AskAsync(method, parameters, session);

    /// <summary>The value of an expression, whose promise is awaited.</summary>
    public async Task<JsonNode?> ValueAsync(string expression)
    {
        var answer = await AskAsync("Runtime.evaluate", new JsonObject { ["expression"] = expression, ["awaitPromise"] = true, ["returnByValue"] = true });
        return answer["exceptionDetails"] is { } thrown ? throw new InvalidOperationException($"{expression}: {thrown.ToJsonString()}") : answer["result"]!["value"];
    }

    public async Task<string> TextAsync(string selector) => (string?)await ValueAsync($"document.querySelector('{selector}')?.innerText ?? ''") ?? "";

    /// <summary>Waits until an expression is true.</summary>
    public async Task UntilAsync(string expression)
    {
        using var patience = new CancellationTokenSource(Patience);
        while ((await ValueAsync($"!!({expression})"))?.GetValue<bool>() != true)
        {
            if (patience.IsCancellationRequested)
                throw new TimeoutException($"never: {expression}\n{await TextAsync("body")}\n{string.Join('\n', Complaints)}");
            // By the page's own clock.
            await ValueAsync("new Promise(done => setTimeout(done, 20))");
        }
    }

    /// <summary>A key, as a keyboard sends it.</summary>
    public async Task PressAsync(string key, string text = "", int code = 0)
    {
        await AskAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyDown", ["key"] = key, ["text"] = text, ["windowsVirtualKeyCode"] = code });
        await AskAsync("Input.dispatchKeyEvent", new JsonObject { ["type"] = "keyUp", ["key"] = key, ["windowsVirtualKeyCode"] = code });
    }

    public Task PressEnterAsync() => PressAsync("Enter", "\r", 13);

    /// <summary>Text, as a keyboard sends it.</summary>
    public Task TypeAsync(string text) => AskAsync("Input.insertText", new JsonObject { ["text"] = text });

    public async Task<byte[]> PictureAsync() => Convert.FromBase64String((string)(await AskAsync("Page.captureScreenshot", new JsonObject { ["format"] = "png" }))["data"]!);

    public async ValueTask DisposeAsync() => await browser.AskAsync("Target.closeTarget", new JsonObject { ["targetId"] = target });
}
