namespace ActorSockets.Web.Tests.Support;

/// <summary>
/// The browser of a test class; none where Chromium is not installed, unless BROWSER_REQUIRED says that this is an error.
/// </summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    internal Browser? Browser { get; private set; }

    public async Task InitializeAsync()
    {
        if (Browser.Program is not null)
            Browser = await Browser.StartAsync();
        else if (Environment.GetEnvironmentVariable("BROWSER_REQUIRED") is { Length: > 0 })
            throw new InvalidOperationException("BROWSER_REQUIRED is set, and Chromium is not installed");
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
            await Browser.DisposeAsync();
    }
}
